"""Comparisons from the command line, from the API, and the proof that they are useful."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.commands import Done, python
from tests.unit.packages import Package

import pykcov
from pykcov.abi.kcov import ENOTSUPP
from pykcov.errors import PykcovError
from pykcov.reader.comparisons import comparisons, raw, record_of
from pykcov.symbols.store import SymbolStore

ROOT = Path(__file__).parents[2]
PROGRAM = """\
def accept(word):
    if word == "magic":
        return True
    return len(word) > 300

accept("maple")
accept("")
"""


def run(*command: str, folder: Path, text: str = "") -> Done:
    store = {"PYKCOV_STORE": str(folder / "symbols.sqlite")}
    return python(*command, folder=folder, env=store, input=text)


@pytest.mark.slow
def test_from_a_program_to_its_operands(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(PROGRAM, encoding="utf-8")
    options = ["-m", "pykcov", "run", "--comparisons", "--trace", "trace.txt", "prog.py"]
    done = run(*options, folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(
        r"pykcov: 6 comparison records, \d+ blocks instrumented in 1 file\n", done.stderr
    )
    trace = (tmp_path / "trace.txt").read_text()
    done = run("-m", "pykcov", "cmp", folder=tmp_path, text=trace)
    file = tmp_path / "prog.py"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{file}:2: const-str 'magic' 'maple' 5 5",
        f"{file}:4: const-int 300 5",
        f"{file}:2: const-length 5 0",
        f"{file}:4: const-int 300 0",
    ]
    broken = trace.splitlines()[0] + "\n" + "1 2 3\n" + "0x0 0x1 0x2 0xffffffff90000000\n"
    done = run("-m", "pykcov", "cmp", folder=tmp_path, text=broken)
    assert (done.returncode, done.stdout) == (1, "")
    assert "1 lines are not records of four hexadecimal numbers, the first: line 2" in done.stderr
    assert "[trace-malformed]" in done.stderr
    assert "the first: 0xffffffff90000000 [pc-unknown]" in done.stderr
    blocks = run("-m", "pykcov", "symbolize", "--all", folder=tmp_path).stdout
    assert blocks.count("prog.py:") < 8, "comparisons are no blocks"
    pc = trace.split()[3]
    assert f"{file}:2" in run("-m", "pykcov", "symbolize", folder=tmp_path, text=pc).stdout


@pytest.mark.slow
def test_bad_usage(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(PROGRAM, encoding="utf-8")
    done = run(*("-m", "pykcov", "run", "--comparisons", "--data", "d", "prog.py"), folder=tmp_path)
    assert done.returncode == 1
    assert "--data counts blocks, which --comparisons does not trace" in done.stderr


def test_the_api(package: Package, store: SymbolStore) -> None:
    package.write("compares", PROGRAM)
    with pykcov.instrument(source=[package.name], store=store, comparisons=True) as handle:
        module = package.load("compares")
        assert handle.options.comparisons
        with pykcov.trace(comparisons=True) as t:
            module.accept("apple")
            during = t.comparisons
        assert during == t.comparisons
        first, second = t.comparisons
        assert (first.kind, first.left, first.right) == ("str", "magic", "apple")
        assert first.where.lines == (2,)
        assert first.where.function == "accept"
        assert (second.kind, second.left, second.right, second.constant) == ("int", 300, 5, True)
        assert (list(t.pcs), t.blocks, t.overflowed) == ([], [], False)
        assert repr(t) == "<pykcov.trace not recording records=4>"
        with pykcov.trace() as blocks:
            module.accept("apple")
        assert (blocks.comparisons, blocks.records) == ([], [])
        assert len(blocks.pcs) > 1
        with pykcov.trace(512, comparisons=True, recording_mode="blocks") as t:
            for _ in range(100):
                module.accept("apple")
        assert t.overflowed
        assert len(t.records) == 127
        assert len(t.comparisons) == 63  # 3 records and 1 each time; the last 1 finds no room
    with pykcov.instrument(source=[package.name], store=store):
        with pytest.raises(OSError, match=str(ENOTSUPP)) as caught, pykcov.trace(comparisons=True):
            pass
        assert caught.value.errno == ENOTSUPP


def test_raw_lines() -> None:
    records = [(7, 2**64 - 1, 0, 0xFFFFFFFF80000008)]
    assert [record_of(line) for line in raw(records)] == records
    for line in ("", "1 2 3", "1 2 3 4 5", "1 2 3 x", f"1 2 {1 << 64:x} 3", "1 -2 3 4"):
        assert record_of(line) is None


def test_a_block_is_no_comparison(package: Package, store: SymbolStore) -> None:
    package.write("compares", PROGRAM)
    with pykcov.instrument(source=[package.name], store=store, comparisons=True):
        module = package.load("compares")
        with pykcov.trace() as t:
            module.accept("apple")
    with pytest.raises(PykcovError, match="is not a comparison's PC"):
        list(comparisons([(0, 1, 2, t.pcs[0])], store))
    unknown: list[int] = []
    assert list(comparisons([(0, 1, 2, t.pcs[0])], store, unknown)) == []
    assert unknown == [t.pcs[0]]


@pytest.mark.slow
def test_the_solver_gets_past_magic_values(tmp_path: Path) -> None:
    done = run(str(ROOT / "examples" / "solver.py"), "1", "1000", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with_them, without = done.stdout.splitlines()
    found = re.fullmatch(r"with comparisons: (\d+) executions, 'open': b'.*'", with_them)
    assert found is not None, with_them
    assert int(found[1]) < 500
    assert re.fullmatch(r"without: not found in 1000 executions, 'checksum'", without)
