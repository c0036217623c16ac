"""pykcov.measure.counts: the process-wide set."""

from __future__ import annotations

import io
import os
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread

import pykcov
from pykcov import probe
from pykcov.measure import counts


@pytest.fixture(autouse=True)
def _switched_off_and_empty() -> Iterator[None]:
    counts.clear()
    yield
    counts.disable()
    counts.clear()


class Short:
    """A writer that takes so many bytes of each write."""

    def __init__(self, *takes: int | None) -> None:
        self.takes, self.taken = list(takes), b""

    def write(self, data: bytes) -> int | None:
        takes = self.takes.pop(0)
        self.taken += data[: takes or 0]
        return takes


class Failing:
    """A writer that takes something, and then raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def write(self, data: bytes) -> int:
        raise self.error


def consumed() -> list[int]:
    writer = io.BytesIO()
    count = counts.consume(writer)
    assert count == len(writer.getvalue())
    return array("Q", writer.getvalue()).tolist()


def words(*probes: probe.Probe) -> bytes:
    return array("Q", [one.pc for one in probes]).tobytes()


def test_available() -> None:
    assert not counts.available()
    with pykcov.instrument(source="tests.unit.no_such_module"):
        assert counts.available()
    assert not counts.available()


def test_counts_while_enabled() -> None:
    hit(A)
    counts.enable()
    hit(B)
    counts.enable()
    counts.disable()
    hit(C)
    counts.disable()
    assert consumed() == [B.pc]
    counts.enable()
    hit(C)
    assert consumed() == [C.pc]


def test_every_thread() -> None:
    counts.enable()
    in_thread(lambda: hit(A))
    with attached(Recording()) as made:
        hit(B)
    assert consumed() == [A.pc, B.pc]
    assert made.pcs == [B.pc]


def test_consume_gives_each_block_once() -> None:
    counts.enable()
    hit(B, A, B)
    assert consumed() == [B.pc, A.pc]
    assert consumed() == []
    hit(A)
    assert consumed() == [A.pc]


def test_an_empty_consume_does_not_write() -> None:
    assert counts.consume(Failing(AssertionError())) == 0


def test_clear() -> None:
    counts.enable()
    hit(A)
    counts.clear()
    assert consumed() == []
    hit(A)
    assert consumed() == [A.pc]


@pytest.mark.parametrize(
    ("takes", "whole"),
    [((0,), 0), ((None,), 0), ((7,), 0), ((8,), 1), ((15,), 1), ((16,), 2), ((23,), 2)],
)
def test_short_writer(takes: tuple[int | None, ...], whole: int) -> None:
    counts.enable()
    hit(A, B, C)
    writer = Short(*takes)
    assert counts.consume(writer) == (takes[0] or 0)
    assert writer.taken == words(A, B, C)[: takes[0] or 0]
    assert consumed() == [A.pc, B.pc, C.pc][whole:]


def test_end_of_file() -> None:
    counts.enable()
    hit(A, B)
    assert counts.consume(Failing(EOFError())) == 0
    assert consumed() == [A.pc, B.pc]


@pytest.mark.parametrize("error", [OSError, BlockingIOError, KeyboardInterrupt, ZeroDivisionError])
def test_writer_that_raises(error: type[BaseException]) -> None:
    counts.enable()
    hit(A, B)
    with pytest.raises(error):
        counts.consume(Failing(error()))
    assert consumed() == [A.pc, B.pc]


def test_large_set_comes_in_pieces() -> None:
    many = [probe.Probe(n) for n in range(70_000)]
    counts.enable()
    hit(*many)
    counts.disable()
    sizes: list[int] = []

    class Pieces(io.BytesIO):
        def write(self, data: Any) -> int:
            sizes.append(len(data))
            return super().write(data)

    writer = Pieces()
    assert counts.consume(writer) == 560_000
    assert sizes == [1 << 19, 560_000 - (1 << 19)]
    assert array("Q", writer.getvalue()).tolist() == list(range(70_000))


def test_file_descriptor(tmp_path: Path) -> None:
    counts.enable()
    hit(A)
    with (tmp_path / "out").open("wb", buffering=0) as file:
        assert counts.consume(file) == 8
    assert (tmp_path / "out").read_bytes() == words(A)


def test_a_pipe_that_is_full() -> None:
    many = [probe.Probe(n) for n in range(20_000)]
    counts.enable()
    hit(*many)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    got = b""
    with os.fdopen(reader, "rb", buffering=0) as source, os.fdopen(writer, "wb", 0) as sink:
        while count := counts.consume(sink):
            got += source.read(count)
    assert array("Q", got).tolist() == list(range(20_000))


def test_what_the_writer_executes_does_not_count() -> None:
    class Executes(io.BytesIO):
        def write(self, data: Any) -> int:
            hit(C)
            return super().write(data)

    counts.enable()
    hit(A)
    writer = Executes()
    counts.consume(writer)
    assert writer.getvalue() == words(A)
    assert consumed() == []


def test_two_consumers_share_the_blocks() -> None:
    many = [probe.Probe(n) for n in range(1000)]
    counts.enable()
    parts: list[list[int]] = []

    def consume() -> None:
        for _ in range(50):
            parts.append(consumed())

    threads = [threading.Thread(target=consume) for _ in range(2)]
    for thread in threads:
        thread.start()
    hit(*many)
    for thread in threads:
        thread.join()
    parts.append(consumed())
    assert sorted(pc for part in parts for pc in part) == list(range(1000))


REPORTED = """\
def sign(n):
    if n < 0:
        return -1
    return 1
"""


def test_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reported.py").write_text(REPORTED)
    monkeypatch.syspath_prepend(tmp_path)
    with pykcov.instrument(source="reported"):
        import reported  # type: ignore[import-not-found]

        counts.enable()
        reported.sign(-1)
        reported.sign(-2)
        consumed()  # what was consumed is still reported
        counts.disable()
        out = io.StringIO()
        counts.report(out)
        blocks = pykcov.symbolize([int(x, 16) for x in out.getvalue().split()[::2]], store())
    lines = out.getvalue().splitlines()
    assert lines[1::2] == [str(block) for block in blocks]
    assert [block.lines for block in blocks] == [(2,), (3,)]
    assert all(line.startswith(f"{tmp_path}/reported.py:") for line in lines[1::2])


def store() -> pykcov.SymbolStore:
    return pykcov.SymbolStore()
