"""A program may close every descriptor that it finds, and open files of its own there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pykcov
from pykcov.probe import OwnFile

PROGRAMS = {
    "closes all": ("import os\nos.closerange(3, 100)\nx = 1\n", 0),
    "closes all, exits with 3": ("import os, sys\nos.closerange(0, 100)\nsys.exit(3)\n", 3),
    "closes 2": ("import os\nos.close(2)\n", 0),
    "opens its own": (
        """
import atexit, os, sys
os.closerange(FIRST, 256)
mine = [os.open(sys.argv[1], os.O_RDWR | os.O_CREAT) for _ in range(20)]
mine += [fd for _ in range(10) for fd in os.pipe()]
def check():
    for fd in mine:
        os.fstat(fd)
    with open(sys.argv[1] + ".gone", "w") as file:
        print("gone: []", file=file)
    os._exit(5)
atexit.register(check)
""",
        5,
    ),
}
PROGRAMS["opens its own at 0, 1, 2, too"] = PROGRAMS["opens its own"]
OPTIONS = {
    "run": [],
    "data": ["--data", "counted"],
    "trace": ["--trace", "traced"],
    "device": ["--device"],
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("option", OPTIONS)
def test_a_program_that_closes_them(option: str, name: str, tmp_path: Path) -> None:
    text, status = PROGRAMS[name]
    (tmp_path / "prog.py").write_text(text.replace("FIRST", "0" if "0, 1, 2" in name else "3"))
    options = OPTIONS[option] + ([f"exc-{os.getpid()}"] if option == "device" else [])
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    environment.pop("PYTHONUNBUFFERED", None)  # else nothing is left in a buffer
    done = subprocess.run(
        [sys.executable, "-m", "pykcov", "run", *options, "prog.py", "own"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert "Errno" not in done.stderr
    assert "Traceback" not in done.stderr
    if "its own" in name:
        assert (tmp_path / "own.gone").read_text() == "gone: []\n"
        assert (tmp_path / "own").read_bytes() == b""
    if option == "trace":
        assert (tmp_path / "traced").read_text().startswith("0x")
    if option == "data" and "its own" not in name:  # which ends by os._exit()
        assert (tmp_path / "counted").stat().st_size > 0
        report = [sys.executable, "-m", "pykcov", "report", "--data", "counted"]
        found = subprocess.run(report, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert "prog.py" in found.stdout


class TestKept:
    def test_closes_what_is_still_the_same_file(self) -> None:
        kept = OwnFile(fd := os.memfd_create("own"))
        assert kept.is_ours()
        assert kept.fileno() == fd
        kept.close()
        kept.close()
        assert not kept.is_ours()
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(fd)

    def test_leaves_a_program_its_file(self) -> None:
        kept = OwnFile.memfd("own")
        fd = kept.fileno()
        os.close(fd)
        programs = os.memfd_create("the program's")
        os.dup2(programs, fd) if programs != fd else None
        assert not kept.is_ours()
        with pytest.raises(OSError, match="Bad file"):
            kept.fileno()
        kept.close()
        del kept
        os.fstat(fd)
        os.close(fd)
        if programs != fd:
            os.close(programs)

    def test_is_closed_when_it_is_dropped(self) -> None:
        kept = OwnFile.memfd("own")
        fd = kept.fileno()
        del kept
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(fd)

    def test_no_descriptor(self) -> None:
        with pytest.raises(OSError, match="Bad file"):
            OwnFile(-1)


def test_a_descriptor_whose_file_the_program_closed() -> None:
    """Each call is EBADF or does what it can, and close() leaves the number alone."""
    with pykcov.instrument(source="tests.unit.no_such_module"):
        kcov = pykcov.open()
        fd = kcov.fileno()
        os.close(fd)
        programs = os.memfd_create("the program's")
        assert programs == fd
        with pytest.raises(OSError, match="Bad file"):
            kcov.fileno()
        assert repr(kcov) == "<pykcov.Descriptor fd=-1>"
        kcov.close()
        os.fstat(programs)
        os.close(programs)
