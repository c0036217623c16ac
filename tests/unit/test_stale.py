"""Code from the cache is what plain Python would execute, whatever became of source and .pyc."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pykcov
from pykcov.symbols.store import SymbolStore

OLD, NEW = "def f():\n    return 'old'\n", "def f():\n    return 'new'\n"
SECOND = 16 * 10**17
PLAIN = "import sys; sys.path.insert(0, {folder!r}); import m; print(m.f())"
TRACED = (
    "import pykcov, pathlib; pykcov.instrument(include=[{folder!r} + '/m.py'],"
    " store=pykcov.SymbolStore(pathlib.Path({folder!r}) / 's.sqlite')); " + PLAIN
)


def put(folder: Path, text: str, nanoseconds: int = 0) -> None:
    """Write the module in place, with a time of its own."""
    path = folder / "m.py"
    path.write_text(text)
    os.utime(path, ns=(SECOND + nanoseconds,) * 2)


def run(folder: Path, program: str, *options: str) -> str:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, *options, "-c", program.format(folder=str(folder))],
        capture_output=True,
        text=True,
        env=env,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_a_stale_pyc_that_is_removed(tmp_path: Path) -> None:
    put(tmp_path, OLD, 1)
    assert run(tmp_path, PLAIN) == "old"
    put(tmp_path, NEW, 2)  # in the same second, of the same size: for Python, nothing has changed
    assert run(tmp_path, TRACED) == "old"
    shutil.rmtree(tmp_path / "__pycache__")
    found = [run(tmp_path, program) for program in (PLAIN, TRACED, TRACED, PLAIN)]
    assert found == ["new"] * 4


@pytest.mark.slow
def test_a_source_without_pyc_that_is_set_back(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    assert [run(tmp_path, TRACED, "-B") for _ in range(2)] == ["old", "old"]
    put(tmp_path, NEW)
    assert run(tmp_path, TRACED, "-B") == "new"


@pytest.mark.slow
def test_source_and_pyc_that_are_overwritten_with_their_times(tmp_path: Path) -> None:
    put(tmp_path, OLD)
    assert [run(tmp_path, TRACED) for _ in range(2)] == ["old", "old"]
    [pyc] = (tmp_path / "__pycache__").glob("m.*")
    times = pyc.stat()
    put(tmp_path, NEW)
    pyc.write_bytes(pyc.read_bytes().replace(b"old", b"new"))
    os.utime(pyc, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert run(tmp_path, PLAIN) == "new"
    assert run(tmp_path, TRACED) == "new"


def test_constants_that_are_not_the_running_codes(
    tmp_path: Path, store: SymbolStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "stale_module.py"
    path.write_text("def f(x):\n    return x == 10\n")
    import stale_module  # type: ignore[import-not-found]

    path.write_text("def f(x):\n    return x == 20\n")
    try:
        with pykcov.instrument(include=[str(path)], comparisons=True, store=store) as handle:
            assert stale_module.f(10)
            assert "1 of 1 functions do not match its source" in handle.left_out[str(path)]
    finally:
        del sys.modules["stale_module"]


def test_functions_of_one_line_without_columns() -> None:
    program = """
import pathlib, sys, tempfile, pykcov
folder = pathlib.Path(tempfile.mkdtemp())
path = folder / "m.py"
path.write_text("fs = [lambda x: x == 10, lambda x: x == 20]\\n")
sys.path.insert(0, str(folder))
store = pykcov.SymbolStore(folder / "s.sqlite")
with pykcov.instrument(include=[str(path)], comparisons=True, store=store):
    import m
    with pykcov.trace() as t:
        m.fs[0](1), m.fs[1](1)
    assert len(set(t.pcs)) == 2
    with pykcov.trace(comparisons=True) as t:
        m.fs[0](1), m.fs[1](1)
    print([record[1:3] for record in t.records])
"""
    done = subprocess.run(
        [sys.executable, "-X", "no_debug_ranges", "-c", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "[(10, 1), (20, 1)]\n", done.stderr
