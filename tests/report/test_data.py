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

from pykcov.errors import PykcovError
from pykcov.report.data import DataFile, Measured
from pykcov.store import SymbolStore
from pykcov.symbols import FileSymbols, pc_of

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
from pykcov.report.data import DataFile, Measured
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


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_byte_may_be_wrong(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Read, or refused by name: never anything else."""
    path = tmp_path_factory.mktemp("bytes") / "data"
    DataFile(path).write([Measured(symbols(f"/{n}"), {"": {n: 1}}) for n in range(8)])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(PykcovError):
        DataFile(path).read()
