"""Where devices are looked for: other users, users without a home, missing directories."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service import namespaces

import pykcov
from pykcov.service import addresses

pytestmark = pytest.mark.once

PYKCOV = [sys.executable, "-m", "pykcov"]
PROGRAM = "import sys\nprint('ready', flush=True)\nsys.stdin.read()\n"


def environment(**changed: str | None) -> dict[str, str]:
    """os.environ with what is changed; None takes a variable out."""
    values: dict[str, str | None] = {**os.environ, **changed}
    return {name: value for name, value in values.items() if value is not None}


def run(*words: str, before: list[str] | None = None, env: dict[str, str] | None = None) -> str:
    """Run the command line; returns what it prints, on stderr, too."""
    done = subprocess.run(
        [*(before or []), *PYKCOV, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
        check=False,
    )
    return done.stdout


@contextlib.contextmanager
def shown(name: str, folder: Path, before: list[str], env: dict[str, str]) -> Iterator[None]:
    """A program whose device is `name`, until the block ends."""
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    words = ["run", "--source", str(folder), "--device", name, str(program)]
    with subprocess.Popen(
        [*before, *PYKCOV, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        process.stdin.close()


# -- users ----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:nothing was marked")
@pytest.mark.parametrize("how", ["PYKCOV_DEVICES", "XDG_RUNTIME_DIR"])
def test_root_connects_to_another_users_device(how: str, tmp_path: Path) -> None:
    """It names the directory; by itself it looks into its own alone."""
    before = namespaces.stranger()
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, namespaces.STRANGER, namespaces.STRANGER)
    devices = theirs if how == "PYKCOV_DEVICES" else theirs / "pykcov"
    env = environment(
        **{"PYKCOV_DEVICES": None, how: str(theirs), "PYKCOV_STORE": str(theirs / "store.sqlite")}
    )
    with reachable(theirs), shown("of-another", theirs, before, env):
        as_root = environment(PYKCOV_DEVICES=str(devices))
        assert "of-another " in run("ls", env=as_root)
        assert "of-another " not in run("ls", env=environment(PYKCOV_DEVICES=None))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYKCOV_DEVICES", str(devices))
            device = pykcov.connect("of-another")
            with device.remote(7) as t:
                assert list(t.pcs) == []
            device.close()
            with pytest.raises(pykcov.PykcovError, match="device-directory"):
                pykcov.serve("of-root")
    of_root = [p.name for p in theirs.rglob("*") if p.stat().st_uid == 0]
    assert of_root == ["program.py"], "root leaves nothing that would be in the user's way"


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[None]:
    """Let every user get to a path, for a time: pytest's directories are root's alone."""
    changed = [p for p in path.parents if p.stat().st_uid == os.getuid() and p != Path("/")]
    modes = {p: p.stat().st_mode & 0o7777 for p in changed}
    for p in changed:
        p.chmod(modes[p] | 0o011)
    yield
    for p in changed:
        p.chmod(modes[p])


def test_another_user_does_not_connect(tmp_path: Path) -> None:
    before = namespaces.stranger()
    devices = tmp_path / "d"
    devices.mkdir(mode=0o700)
    env = environment(PYKCOV_DEVICES=str(devices))
    with shown("of-root", tmp_path, [], env):
        assert "of-root " in run("ls", env=env)
        told = run("ls", before=before, env=env)
        assert "device-directory" in told
        assert str(devices) in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ls"], "name  pid"),
        (["watch", "x"], f"in /tmp/pykcov-{namespaces.STRANGER} [device-missing]"),
        (["env"], "no home directory"),
        (["symbolize"], "no home directory; choose another with --store or PYKCOV_STORE"),
        (["run", "{program}"], "no home directory; choose another with --store or PYKCOV_STORE"),
        (["run", "--store", "{program}.store", "--data", "{program}.data", "{program}"], "ready"),
    ],
)
def test_a_user_without_a_home(words: list[str], told: str, tmp_path: Path) -> None:
    """As in a container that is run as a number."""
    before = namespaces.stranger()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    tmp_path.chmod(0o777)
    names = ("HOME", "PYKCOV_STORE", "XDG_DATA_HOME", "PYKCOV_DEVICES", "XDG_RUNTIME_DIR")
    env = environment(**dict.fromkeys(names))
    with reachable(program):
        found = run(*(word.format(program=program) for word in words), before=before, env=env)
    assert told in found
    assert "Traceback" not in found


# -- directories ----------------------------------------------------------------------------------


@pytest.fixture
def no_devices(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """PYKCOV_DEVICES is not set."""
    monkeypatch.delenv("PYKCOV_DEVICES")
    return monkeypatch


def fallback() -> Path:
    return Path(f"/tmp/pykcov-{os.getuid()}")


@pytest.mark.parametrize("runtime", [None, "", "/nowhere/at/all", "/dev/null"])
def test_a_runtime_directory_that_is_not_there(
    runtime: str | None, no_devices: pytest.MonkeyPatch
) -> None:
    if Path(f"/run/user/{os.getuid()}").is_dir():
        pytest.skip("this user has a runtime directory")
    if runtime is None:
        no_devices.delenv("XDG_RUNTIME_DIR", raising=False)
    else:
        no_devices.setenv("XDG_RUNTIME_DIR", runtime)
    with pytest.raises(pykcov.PykcovError, match=f"in {fallback()} .device-missing"):
        pykcov.connect("nobody")
    assert addresses.directory() == fallback()


def test_another_users_runtime_directory(tmp_path: Path, no_devices: pytest.MonkeyPatch) -> None:
    """As sudo leaves it: what root made there would be in that user's way."""
    if os.getuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(tmp_path, namespaces.STRANGER, namespaces.STRANGER)
    no_devices.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert tmp_path not in addresses.directory().parents


def test_a_client_with_another_environment(tmp_path: Path, no_devices: pytest.MonkeyPatch) -> None:
    """A service that was started without XDG_RUNTIME_DIR, as by cron, and a client with it."""
    no_devices.delenv("XDG_RUNTIME_DIR", raising=False)
    name = f"cron-{os.getpid()}"
    with pykcov.instrument(source=["tomllib"]), contextlib.closing(pykcov.serve(name)):
        no_devices.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        assert addresses.directory() == tmp_path / "pykcov"
        assert pykcov.connect(name).info["pid"] == os.getpid()
        assert name in addresses.names()
        with pytest.raises(pykcov.PykcovError, match="device-taken"):
            addresses.socket_for(name)


def test_looking_makes_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYKCOV_DEVICES", str(tmp_path / "none"))
    with pytest.raises(pykcov.PykcovError, match=f"in {tmp_path}/none .device-missing"):
        pykcov.connect("nobody")
    assert addresses.names() == []
    assert not (tmp_path / "none").exists()


def test_a_path_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the directory's fault, and the message says what to do; no name is refused for it."""
    folder = tmp_path / ("d" * 100)
    monkeypatch.setenv("PYKCOV_DEVICES", str(folder))
    for call in (pykcov.serve, pykcov.connect):
        with pytest.raises(pykcov.PykcovError, match="device-directory") as raised:
            call("shop")
        assert f"{folder}/shop.sock" in str(raised.value)
        assert "PYKCOV_DEVICES to a shorter directory" in str(raised.value)


def test_a_directory_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYKCOV_DEVICES", "/proc/none")
    with pytest.raises(pykcov.PykcovError, match=r"can't make /proc/none, .*device-directory"):
        pykcov.serve("shop")
