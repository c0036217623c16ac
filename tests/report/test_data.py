"""Data files: what is added is there, once, and what is no data file is said to be none."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import commands

from pykcov.errors import PykcovError
from pykcov.lock_budget import Patience
from pykcov.measure import datafile as data_module
from pykcov.measure.datafile import DataFile, Measured
from pykcov.symbols.blocks import FileSymbols, pc_of
from pykcov.symbols.store import SymbolStore

pytestmark = pytest.mark.once

SPANS = tuple((n % 2, n + 1, 0, n + 1, 10) for n in range(8))
CONTEXTS = st.sampled_from(["", "test_a", "test_b", "ünï[1]"])
HITS = st.dictionaries(st.integers(0, 7), st.integers(1, 1 << 40), max_size=8)


def symbols(path: str, source: str = "0" * 64) -> FileSymbols:
    return FileSymbols(path, source, 1, 0, "v", ("f", "g"), SPANS, tuple(range(1, 9)))


def totals(data: DataFile) -> Counter[tuple[str, str, int]]:
    found: Counter[tuple[str, str, int]] = Counter()
    for one in data.read():
        for context, hits in one.hits.items():
            for block, count in hits.items():
                found[one.symbols.path, context, block] += count
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["/a", "/b"]), CONTEXTS, HITS), max_size=6))
def test_counts_add_up(
    tmp_path_factory: pytest.TempPathFactory, added: list[tuple[str, str, dict[int, int]]]
) -> None:
    folder = tmp_path_factory.mktemp("data")
    one, two, both = (DataFile(folder / name) for name in ("one", "two", "both"))
    expected: Counter[tuple[str, str, int]] = Counter()
    for n, (path, context, hits) in enumerate(added):
        (one if n % 2 else two).write([Measured(symbols(path), {context: hits})])
        for block, count in hits.items():
            expected[path, context, block] += count
    for data in (one, two):
        data.write(())
        both.combine([data])
    assert totals(both) == expected == totals(one) + totals(two)


def test_pcs_become_blocks(tmp_path: Path) -> None:
    store, data = SymbolStore(tmp_path / "store"), DataFile(tmp_path / "data")
    first, second = store.register(symbols("/a")), store.register(symbols("/b"))
    counts = {pc_of(first): 3, pc_of(first + 7): 1, pc_of(second + 1): 2, pc_of(second + 8): 9}
    assert data.add({**counts, 0x10: 1}, store, "c") == 2  # one beyond the last, one below all
    assert totals(data) == {("/a", "c", 0): 3, ("/a", "c", 7): 1, ("/b", "c", 1): 2}
    (a, _) = data.read()
    assert a.symbols == symbols("/a")


def test_a_text_that_has_changed_is_another(tmp_path: Path) -> None:
    data = DataFile(tmp_path / "data")
    for source in ("0" * 64, "1" * 64, "0" * 64):
        data.write([Measured(symbols("/a", source), {"": {0: 1}})])
    assert [(one.symbols.source[0], one.total()) for one in data.read()] == [
        ("0", {0: 2}),
        ("1", {0: 1}),
    ]


def test_processes_at_once(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from pykcov.lock_budget import Patience
from pykcov.measure import datafile as data_module
from pykcov.measure.datafile import DataFile, Measured
from tests.report.test_data import symbols
data = DataFile(Path(sys.argv[1]))
for n in range(30):
    data.write([Measured(symbols("/a"), {f"context {n}": {1: 1, 2: 5}})])
"""
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    root = Path(__file__).parents[2]
    for process in [subprocess.Popen(command, cwd=root) for _ in range(4)]:
        assert process.wait(60) == 0
    found = totals(DataFile(tmp_path / "data"))
    assert set(found.values()) == {4, 20}
    assert len(found) == 60


@pytest.mark.parametrize("size", [0, 1, 100, 4096, 5000, 8192])
def test_what_is_truncated_is_named(tmp_path: Path, size: int) -> None:
    whole, cut = DataFile(tmp_path / "whole"), DataFile(tmp_path / "cut")
    whole.write([Measured(symbols(f"/{n}"), {"": {0: 1}}) for n in range(50)])
    cut.path.write_bytes(whole.path.read_bytes()[:size])
    with pytest.raises(PykcovError, match="data-foreign"):
        cut.read()


def test_what_is_no_data_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PykcovError, match="data-missing"):
        DataFile(tmp_path / "nothing").read()
    text, other = tmp_path / "text", tmp_path / "other"
    text.write_text("no database, and long enough not to be taken for an empty one\n" * 20)
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (a)")
    db.close()
    for path in (text, other):
        for use in (DataFile(path).read, lambda path=path: DataFile(path).write(())):
            with pytest.raises(PykcovError, match="data-foreign"):
                use()
    with pytest.raises(PykcovError, match="data-unwritable"):
        DataFile(tmp_path / "no" / "folder").write(())
    assert text.read_text().startswith("no database")


def test_what_others_keep_locked_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All calls together wait as long as one may, until something can be written again."""
    patience = Patience(0.05)
    monkeypatch.setattr(data_module, "PATIENCE", patience)
    data = DataFile(tmp_path / "data")
    one = Measured(symbols("/a.py"), {"": {0: 3}})
    data.write([one])
    with contextlib.closing(sqlite3.connect(data.path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        for use in (lambda: data.write([one]), data.read, lambda: data.write([one])):
            with pytest.raises(PykcovError, match=r"gave up after 0.05 s in all \[data-busy\]"):
                use()
            assert patience.left == 0.0
        db.execute("ROLLBACK")
    assert [found.hits for found in data.read()] == [{"": {0: 3}}]
    assert patience.left == 0.0, "others may read while one can't write"
    data.write([one])
    assert patience.left == 0.05
    assert [found.hits for found in data.read()] == [{"": {0: 6}}]


def something(path: Path) -> DataFile:
    """A data file with eight texts, three contexts, and hits in several pages."""
    data = DataFile(path)
    for n in range(8):
        hits = {n: n + 1, 7 - n: 1 << 40}
        data.write([Measured(symbols(f"/{n}"), dict.fromkeys(("", "a", "b"), hits))])
    data.write([Measured(symbols("/0"), {"a": {0: 5, 1: 5}})])
    return data


Totals = Counter[tuple[str, str, int]]
_made: list[tuple[bytes, Totals]] = []


def content(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Totals]:
    """Bytes and totals of something(), which is made once."""
    if not _made:
        data = something(tmp_path_factory.mktemp("content") / "data")
        _made.append((data.path.read_bytes(), totals(data)))
    return _made[0]


def check_refused_or(path: Path, expected: Totals) -> None:
    """Read a file that may be damaged."""
    with contextlib.suppress(PykcovError):
        assert totals(DataFile(path)) == expected


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_any_byte_may_be_wrong(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """What is read is what was written, or the file is refused by name."""
    good, expected = content(tmp_path_factory)
    damaged = bytearray(good)
    places = st.integers(0, len(good) - 1)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(places)
        match data.draw(st.sampled_from(["flip", "set", "zero", "exchange", "cut"])):
            case "flip":
                if at < len(damaged):
                    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                damaged[at : at + 1] = bytes([data.draw(st.integers(0, 255))])
            case "zero":
                damaged[at : at + 512] = bytes(len(damaged[at : at + 512]))
            case "exchange":
                page, other = at // 4096 * 4096, data.draw(places) // 4096 * 4096
                one, two = damaged[page : page + 4096], damaged[other : other + 4096]
                damaged[page : page + 4096], damaged[other : other + 4096] = two, one
            case _:
                del damaged[at:]
    path = tmp_path_factory.mktemp("bytes") / "data"
    path.write_bytes(damaged)
    check_refused_or(path, expected)
    if damaged:  # else it is a new file
        with contextlib.suppress(PykcovError):  # it is not good again when something is added
            DataFile(path).write([Measured(symbols("/new"), {"new": {1: 1}})])
            expected = expected + Counter({("/new", "new", 1): 1})
        check_refused_or(path, expected)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE hits SET count = count + 1 WHERE block = 1",
        "UPDATE hits SET count = count + 4611686018427387904 WHERE block = 1",
        "UPDATE hits SET block = 6 WHERE block = 1 AND text = 1",
        "UPDATE hits SET context = 1 WHERE context = 2 AND text = 1 AND block = 1",
        "DELETE FROM hits WHERE text = 1",
        "UPDATE contexts SET name = 'c' WHERE name = 'b'",
        "UPDATE texts SET path = '/9' WHERE path = '/3'",
        "UPDATE texts SET variant = 'w' WHERE id = 3",
        "UPDATE sums SET sum = sum + 1 WHERE name = 'hits'",
        "DELETE FROM sums",
        "DROP TABLE sums",
    ],
)
def test_what_is_another_number_is_no_number(tmp_path: Path, damage: str) -> None:
    """SQLite is content with all of these. The command says what is wrong, and exits with 1."""
    data = something(tmp_path / "data")
    with sqlite3.connect(data.path) as db:
        db.execute(damage)
    db.close()
    with pytest.raises(PykcovError, match=r"it is damaged: .*\[data-foreign\]"):
        data.read()
    if "UPDATE hits SET count" in damage:
        with pytest.raises(PykcovError, match="data-foreign"):
            DataFile(tmp_path / "sum").combine([data])
        done = commands.pykcov("report", "--data", data.path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "it is damaged: hits are not what was written [data-foreign]" in done.stderr


def test_files_of_older_versions_have_no_sums(tmp_path: Path) -> None:
    data = something(tmp_path / "data")
    before = totals(data)
    with sqlite3.connect(data.path) as db:
        db.execute("DROP TABLE sums")
        db.execute("PRAGMA user_version = 1")
    db.close()
    assert totals(data) == before
    data.write([Measured(symbols("/new"), {"new": {1: 1}})])
    assert totals(data) == before + Counter({("/new", "new", 1): 1})
    with sqlite3.connect(data.path) as db:
        db.execute("DELETE FROM hits WHERE text = 1")
    db.close()
    with pytest.raises(PykcovError, match="data-foreign"):
        data.read()
