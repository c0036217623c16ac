"""The symbol store: PCs agree between processes and runs, and a bad store is named."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.packages import Package, has_probes

import pykcov
from pykcov import PykcovError, errors
from pykcov.abi.kcov import PC_END, PC_START
from pykcov.lock_budget import Patience
from pykcov.symbols import store as store_module
from pykcov.symbols.blocks import FileSymbols, number_of, pc_of
from pykcov.symbols.store import SymbolStore

pytestmark = pytest.mark.once

PYTHON = [sys.executable, "-c"]


def symbols(path: str = "/a.py", source: str = "1", count: int = 3) -> FileSymbols:
    spans = tuple((0, n + 1, 0, n + 1, 5) for n in range(count))
    names = ("f",) if count else ()
    return FileSymbols(path, source, 3000, 0, "1", names, spans, tuple(range(1, count + 1)))


@pytest.fixture
def store(tmp_path: Path) -> SymbolStore:
    return SymbolStore(tmp_path / "deep" / "symbols.sqlite")


def test_a_text_has_one_range(store: SymbolStore) -> None:
    first = store.register(symbols())
    assert store.register(symbols()) == first
    assert SymbolStore(store.path).register(symbols()) == first


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/b.py"},
        {"source": "2"},
        {"magic": 3001},
        {"optimize": 2},
        {"variant": "1 by-line"},
        {"spans": ((0, 1, 0, 1, 4), (0, 2, 0, 2, 5), (0, 3, 0, 3, 5))},
        {"functions": ("g",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_text_has_another(store: SymbolStore, change: dict[str, object]) -> None:
    first = store.register(symbols())
    other = store.register(replace(symbols(), **change))  # type: ignore[arg-type]
    assert abs(other - first) >= 3


def test_return_addresses_are_the_blocks(store: SymbolStore) -> None:
    first = store.register(symbols())
    for number in range(first, first + 3):
        blocks = {store.lookup(pc_of(number) - back) for back in range(6)}
        assert len(blocks) == 1
        (block,) = blocks
        assert block is not None
        assert (block.pc, block.lines) == (pc_of(number), (number - first + 1,))
    assert store.lookup(pc_of(first + 3)) is None
    assert store.lookup(0) is None


def test_a_file_without_blocks_takes_no_pc(store: SymbolStore) -> None:
    store.register(symbols("/empty.py", count=0))
    store.register(symbols())
    assert [block.file for block in store.blocks()] == ["/a.py"] * 3


@given(number=st.integers(0, store_module.CAPACITY - 1), back=st.integers(0, 5))
def test_numbers_and_pcs(number: int, back: int) -> None:
    pc = pc_of(number)
    assert PC_START <= pc - 5 < pc < PC_END
    assert number_of(pc - back) == number


REGISTER = """
import sys
from tests.unit.test_store import SymbolStore, symbols
store = SymbolStore(__import__("pathlib").Path(sys.argv[1]))
for n in range(30):
    print(n, store.register(symbols(f"/{n}.py", count=n + 1)), flush=True)
"""


@pytest.mark.slow
def test_concurrent_writers_agree(store: SymbolStore) -> None:
    writers = [
        subprocess.Popen([*PYTHON, REGISTER, str(store.path)], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    answers = {writer.communicate()[0] for writer in writers}
    assert {writer.returncode for writer in writers} == {0}
    assert len(answers) == 1
    taken = sorted(
        (int(first), int(n) + 1) for n, first in map(str.split, answers.pop().splitlines())
    )
    for (first, count), (following, _) in pairwise(taken):
        assert first + count <= following


@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_store(store: SymbolStore) -> None:
    for delay in range(8):
        writer = subprocess.Popen(
            [*PYTHON, REGISTER, str(store.path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(delay):
            writer.stdout.readline()
        writer.kill()
        writer.communicate()
        assert writer.returncode in (0, -signal.SIGKILL)
    done = subprocess.run([*PYTHON, REGISTER, str(store.path)], capture_output=True, check=True)
    assert done.stdout.count(b"\n") == 30
    assert sum(1 for _ in SymbolStore(store.path).blocks()) == 30 * 31 // 2


def test_only_the_user_may_read(store: SymbolStore) -> None:
    store.check()
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


def slug_of(store: SymbolStore) -> str:
    with pytest.raises(PykcovError) as caught:
        list(store.blocks())
    assert "\n" not in str(caught.value)
    return caught.value.slug


def test_missing(store: SymbolStore) -> None:
    assert slug_of(store) == "store-missing"


def test_foreign(store: SymbolStore) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"not a database, and longer than a header of SQLite's is" * 20)
    before = store.path.read_bytes()
    assert slug_of(store) == "store-foreign"
    with pytest.raises(PykcovError, match="store-foreign"):
        store.register(symbols())
    assert store.path.read_bytes() == before


def test_another_programs_database(store: SymbolStore) -> None:
    store.path.parent.mkdir()
    with sqlite3.connect(store.path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(PykcovError, match="store-foreign"):
        store.register(symbols())


def test_another_schema(store: SymbolStore) -> None:
    store.check()
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert slug_of(store) == "store-foreign"


@pytest.mark.parametrize("column", ["data", "functions", "digest"])
def test_a_damaged_row(store: SymbolStore, column: str) -> None:
    store.register(symbols())
    with sqlite3.connect(store.path) as db:
        db.execute(f"UPDATE files SET {column} = CAST('xx' AS BLOB)")
    db.close()
    assert slug_of(store) == "store-damaged"


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_named_or_harmless(store: SymbolStore, seed: int) -> None:
    store.register(symbols(count=200))
    good = list(store.blocks())
    image = bytearray(store.path.read_bytes())
    at = seed * len(image) // 40
    image[at : at + 64] = os.urandom(64)
    store.path.write_bytes(image)
    slug = ""
    found = []
    try:
        found = list(SymbolStore(store.path).blocks())
    except PykcovError as error:
        slug = error.slug
    # SQLite may see no rows where there were some; it never sees other ones.
    assert slug in ("store-damaged", "store-foreign") or found in (good, [])


def test_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SymbolStore(tmp_path / "file" / "symbols.sqlite")
    with pytest.raises(PykcovError, match="store-unwritable"):
        store.register(symbols())


def test_exhausted(store: SymbolStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "CAPACITY", 5)
    store.register(symbols())
    with pytest.raises(PykcovError, match="store-exhausted"):
        store.register(symbols("/b.py"))
    assert len(list(store.blocks())) == 3


STOPPED = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])
if sys.argv[2] == "BEGIN":
    db.execute("SELECT * FROM files").fetchall()
print("locked", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@contextmanager
def stopped(store: SymbolStore, statement: str = "BEGIN EXCLUSIVE") -> Iterator[None]:
    """Another process has the store locked, and was stopped."""
    command = [sys.executable, "-c", STOPPED, str(store.path), statement]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"locked\n"
            yield
        finally:
            process.kill()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each connection would have waited, of 0.05 s."""
    found: list[float] = []
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def noting(*args: Any, timeout: float, **kwargs: Any) -> sqlite3.Connection:
        found.append(timeout)
        return connect(*args, timeout=timeout, **kwargs)

    monkeypatch.setattr(store_module, "PATIENCE", Patience(0.05))
    monkeypatch.setattr(sqlite3, "connect", noting)
    return found


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE", "BEGIN"])
def test_what_others_keep_locked_is_waited_for_once(
    store: SymbolStore, waits: list[float], lock: str
) -> None:
    known = store.register(symbols("/known.py"))
    waits.clear()
    reads = lock != "BEGIN EXCLUSIVE"
    with stopped(store, lock):
        for n in range(4):
            with pytest.raises(PykcovError, match=r"gave up after 0.05 s in all \[store-busy\]"):
                store.register(symbols(f"/{n}.py"))
            if reads:  # which is no sign that writing is possible
                assert store.register(symbols("/known.py")) == known
    assert waits[0] == 0.05
    assert set(waits[1:]) == {0.0}
    waits.clear()
    store.register(symbols("/again.py"))
    store.check()
    assert waits == [0.0, 0.05]


def test_a_wait_that_gets_the_lock_costs_nothing(store: SymbolStore, waits: list[float]) -> None:
    store_module.PATIENCE.seconds = 30.0
    store_module.PATIENCE.renew()
    store.check()
    db = sqlite3.connect(store.path, timeout=0, isolation_level=None, check_same_thread=False)
    db.execute("BEGIN EXCLUSIVE")
    timer = threading.Timer(0.1, db.rollback)
    timer.start()
    store.register(symbols())
    timer.join()
    db.close()
    assert store_module.PATIENCE.left == 30.0


def test_imports_go_on_without_probes_while_the_store_is_locked(
    package: Package,
    store: SymbolStore,
    waits: list[float],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(errors, "_logged", set())
    paths = [package.write(name, f"def f():\n    return {name!r}\n") for name in "abcd"]
    with pykcov.instrument(source=[package.name], store=store) as handle:
        with stopped(store):
            for name in "abc":
                module = package.load(name)
                assert module.f() == name
                assert not has_probes(module.f)
        assert has_probes(package.load("d").f)
    left_out = [str(path) in handle.left_out for path in paths]
    assert left_out == [True, True, True, False]
    assert all("[store-busy]" in why for why in handle.left_out.values())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "runs without probes" in caplog.text
    assert "[store-busy]" in caplog.text


@pytest.mark.slow
def test_two_runs_agree(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("def f(x):\n    return x and 1\nf(1)\n", encoding="utf-8")

    def trace(name: str) -> str:
        command = [sys.executable, "-m", "pykcov", "run", "--trace", name, "prog.py"]
        environ = {**os.environ, "PYKCOV_STORE": str(tmp_path / "symbols.sqlite")}
        subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=True)
        return (tmp_path / name).read_text(encoding="ascii")

    first = trace("one")
    assert first.count("0x") == 5
    assert trace("two") == first
    os.utime(tmp_path / "prog.py", (time.time() + 5, time.time() + 5))
    assert trace("three") == first
    (tmp_path / "prog.py").write_text("def f(x):\n    return x and 2\nf(1)\n", encoding="utf-8")
    assert not set(trace("four").split()) & set(first.split())
