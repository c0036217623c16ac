"""Real packages' own test suites under coverage.py and under pykcov: the same lines and branches.

    python -m tests.report.compare_packages [--settings] [FOLDER [PACKAGE ...]]

Downloads source distributions by pip into FOLDER, runs each suite twice, in processes of their own
that differ in the tool only, and prints each line that one has executed and the other has not, and
each way that a branch went. With --settings they have the package's own settings of coverage.py,
and lines and ways that were not executed and lines that are excluded are compared, too. Ends with 1
if there is any difference.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SECONDS = 600  # for a suite under a tool


@dataclass(frozen=True)
class Package:
    """A package on PyPI whose source distribution has its tests, and no code to compile.

    root: the folder its modules are in. tests: pytest's arguments. needs: what its tests import.
    """

    distribution: str
    version: str
    name: str
    root: str
    tests: tuple[str, ...]
    needs: tuple[str, ...] = ()


PACKAGES = {
    package.name: package
    for package in (
        Package("pluggy", "1.7.0", "pluggy", "src", ("testing", "--ignore=testing/benchmark.py")),
        Package("idna", "3.20", "idna", ".", ("tests",)),
        Package("parso", "0.8.7", "parso", ".", ("test",)),
        Package("click", "8.5.1", "click", "src", ("tests",)),
        Package(
            "packaging",
            "26.3",
            "packaging",
            "src",
            # The others are version numbers by the ten thousand, and tell nothing more.
            ("tests/test_requirements.py", "tests/test_markers.py", "tests/test_tags.py",
             "tests/test_metadata.py", "tests/test_utils.py"),
            ("pretend==1.0.9",),
        ),
        Package("attrs", "26.1.0", "attr", "src", ("tests",), ("cloudpickle", "hypothesis")),
        Package("sqlparse", "0.6.1", "sqlparse", ".", ("tests",)),
        Package("itsdangerous", "2.2.0", "itsdangerous", "src", ("tests",), ("freezegun",)),
    )
}  # fmt: skip


class PackageError(Exception):
    """A package's tests can't be run."""


class UnavailableError(PackageError):
    """pip does not get the package."""


# A line that was executed, or a branch from a line to another, or out of the function there.
Executed = int | tuple[int, int]


class Difference(NamedTuple):
    """What only one of the two has executed, or found missing or excluded."""

    file: str
    what: Executed
    only: str
    text: str
    kind: str = "executed"

    def __str__(self) -> str:
        what = self.what if isinstance(self.what, int) else "->".join(map(str, self.what))
        kind = "" if self.kind == "executed" else f" has it {self.kind}"
        return f"{self.file}:{what}: only {self.only}{kind}: {self.text}"


class Compared(NamedTuple):
    """What a package's suite gave. lines, branches: executed, as coverage.py says."""

    package: str
    outcome: str
    files: int
    lines: int
    branches: int
    differences: list[Difference]

    def __str__(self) -> str:
        return (
            f"{self.package}: {self.outcome}; {self.files} files, {self.lines} lines and "
            f"{self.branches} branches executed, {len(self.differences)} differences"
        )


def fetched(package: Package, folder: Path) -> Path:
    """Return the folder with a package's source and tests. Raises UnavailableError."""
    stem = f"{package.distribution.replace('-', '_')}-{package.version}"
    root = folder / stem
    if not root.exists():
        requirement = f"{package.distribution}=={package.version}"
        source = ("--no-deps", "--no-binary", package.distribution, "-d", str(folder), requirement)
        _pip("download", *source)
        if package.needs:
            _pip("install", "--target", str(folder / f"{stem}-needs"), *package.needs)
        with tarfile.open(folder / f"{stem}.tar.gz") as archive:
            if not hasattr(tarfile, "data_filter"):
                raise UnavailableError(
                    "this Python's tarfile has no filters: it is older than 3.11.4"
                )
            archive.extractall(folder, filter="data")
    return root


def _pip(verb: str, *words: str) -> None:
    command = [sys.executable, "-m", "pip", verb, "-q", "--retries", "1", "--timeout", "15", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise UnavailableError(f"pip {verb} {words[-1]}: {last[0]}")


def compare(package: Package, folder: Path, *, settings: bool = False) -> Compared:
    """Run a package's tests both ways, with its own settings or with none. Raises PackageError."""
    root = fetched(package, folder)
    with tempfile.TemporaryDirectory(prefix="pykcov-packages-") as name:
        out = Path(name)
        environment = {
            **os.environ,
            "COVERAGE_CORE": "ctrace",
            "PYKCOV_STORE": str(out / "symbols.sqlite"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": os.pathsep.join((str(root / package.root), str(root), f"{root}-needs")),
        }
        pytest = ("-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", *package.tests)
        branch = () if settings else ("--branch",)
        source = () if settings else ("--source", package.name)
        theirs: tuple[str, ...] = (f"--data-file={out / 'theirs'}",)
        ours: tuple[str, ...] = ("--data", str(out / "ours"))
        if not settings:
            theirs, ours = (*theirs, "--rcfile", os.devnull), (*ours, "--no-rcfile")
        commands = (
            ("coverage", "run", *branch, *theirs, *source, *pytest),
            ("coverage", "json", *theirs, "--fail-under=0", "-q", "-o", str(out / "theirs.json")),
            ("pykcov", "run", *branch, *ours, *source, *pytest),
            ("pykcov", "json", *ours, "--fail-under=0", "-o", str(out / "ours.json")),
        )
        said = [_run(command, root, environment) for command in commands]
        outcomes = [said[n].strip().splitlines()[-1].partition(" in ")[0] for n in (0, 2)]
        if outcomes[0] != outcomes[1]:
            raise PackageError(f"{package.name}'s tests: {outcomes[0]}, but {outcomes[1]}")
        kinds = ("executed", "missing", "excluded") if settings else ("executed",)
        found = [
            [_found(out / f"{tool}.json", root, kind) for tool in ("theirs", "ours")]
            for kind in kinds
        ]
    different = [
        one._replace(kind=kind)
        for kind, pair in zip(kinds, found, strict=True)
        for one in differences(root, *pair)
    ]
    executed = [one for file in found[0][0].values() for one in file]
    lines = sum(isinstance(one, int) for one in executed)
    branches = len(executed) - lines
    return Compared(package.name, outcomes[0], len(found[0][0]), lines, branches, different)


def _run(words: tuple[str, ...], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if done.returncode != 0:
        raise PackageError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _found(report: Path, root: Path, kind: str) -> dict[str, set[Executed]]:
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    return {
        os.path.relpath(root / path, root): {
            *file[f"{kind}_lines"],
            *map(tuple, file.get(f"{kind}_branches", ())),
        }
        for path, file in files.items()
    }


def differences(
    root: Path, theirs: dict[str, set[Executed]], ours: dict[str, set[Executed]]
) -> Iterator[Difference]:
    """Yield the lines and branches that are not in both, by file."""
    for file in sorted(theirs.keys() | ours.keys()):
        text = (root / file).read_text(encoding="utf-8").splitlines()
        first, second = theirs.get(file, set()), ours.get(file, set())
        for what in sorted(first ^ second, key=lambda one: (one,) if isinstance(one, int) else one):
            only = "coverage.py" if what in first else "pykcov"
            line = what if isinstance(what, int) else what[0]
            yield Difference(file, what, only, text[line - 1].strip())


def main(*words: str) -> int:
    """Compare the packages named, or all."""
    folder, *names = [word for word in words if word != "--settings"] or [""]
    with tempfile.TemporaryDirectory(prefix="pykcov-packages-") as temporary:
        status = 0
        for name in names or PACKAGES:
            compared = compare(
                PACKAGES[name], Path(folder or temporary).resolve(), settings="--settings" in words
            )
            print(compared, flush=True)
            for difference in compared.differences:
                print(f"  {difference}", flush=True)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
