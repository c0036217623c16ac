"""Buffers that come into C: of any length, alignment and layout, they are used or refused."""

from __future__ import annotations

import marshal
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cores import A, B, hit

from pykcov import probe
from pykcov.probe import Recorder, Shared

MARK = b"\xa5"
REFUSED = (ValueError, TypeError, BufferError, OverflowError)


@dataclass
class Given:
    """A buffer, `size` bytes from `start` on of some memory, as it lies there or in another way."""

    kind: str
    start: int
    size: int
    memory: mmap.mmap
    view: memoryview

    def holds(self, least: int, *, size: int = 8, writable: bool = False) -> bool:
        """May C use it, as `least` items of `size` bytes or more?"""
        good = self.view.c_contiguous and not (writable and self.view.readonly)
        rest = self.start % 8 if size == 8 else self.view.nbytes % size
        return good and not rest and self.view.nbytes // size >= least

    def outside(self) -> bytes:
        return self.memory[: self.start] + self.memory[self.start + self.size :]


@st.composite
def given_buffers(draw: st.DrawFn) -> Given:
    memory = mmap.mmap(-1, 4096)
    memory[:] = MARK * len(memory)
    start = draw(st.sampled_from([0, 8, 16]) | st.integers(0, 24))
    size = draw(st.sampled_from([0, 8, 16, 24, 256, 400]) | st.integers(0, 80))
    view = memoryview(memory)[start : start + size]
    content = draw(st.binary(max_size=size))
    view[: len(content)] = content
    kind = draw(st.sampled_from(["plain", "plain", "plain", "readonly", "gaps", "back", "cast"]))
    if kind == "readonly":
        view = view.toreadonly()
    elif kind == "gaps":
        view = view[::2]
    elif kind == "back":
        view = view[::-1]
    elif kind == "cast" and size % 4 == 0:
        view = view.cast("I")
    return Given(kind, start, size, memory, view)


def used(call: Callable[[], object]) -> bool:
    """Call it; return whether it did what it was called for."""
    try:
        call()
    except REFUSED:
        return False
    return True


@given(given_buffers(), st.booleans(), st.integers(0, 12), st.booleans())
def test_areas(given: Given, blocks: bool, bitmap_words: int, comparisons: bool) -> None:
    made: list[Recorder] = []
    options = {"bitmap_words": bitmap_words, "comparisons": comparisons}
    good = used(lambda: made.append(Recorder(given.view, blocks, **options)))  # type: ignore[arg-type]
    assert good == (given.holds(2, writable=True) and given.view.nbytes // 8 >= bitmap_words + 2)
    before = given.outside()
    for recorder in made:
        probe.attach(recorder)
        hit(A, B, A)
        probe.detach()
        recorder.consume()
    assert given.outside() == before


@given(given_buffers(), st.integers(0, 12) | st.sampled_from([2**63, 2**64 - 1]))
def test_resets(given: Given, bitmap_words: int) -> None:
    shared, fd = Shared(), os.memfd_create("reset")
    before = given.outside()
    try:
        good = used(lambda: shared.reset(given.view, fd, bitmap_words))
    finally:
        os.close(fd)
    assert good == given.holds(bitmap_words + 1, writable=True)
    assert given.outside() == before
    if good:
        word = given.view.cast("B")[8 * bitmap_words : 8 * bitmap_words + 8]
        assert word == bytes(8)


@given(given_buffers(), st.integers(-2, 60) | st.sampled_from([2**62, -(2**62)]))
def test_words_to_watch(given: Given, index: int) -> None:
    """Those that are good would stay watched for ever: one that is, is in test_probe.py."""
    if given.holds(index + 1) and index >= 0:
        return
    assert not used(lambda: probe.watch_device(given.view, index, lambda _: None))


class Instruction(NamedTuple):
    """As the rewriter has it."""

    start: int
    unit: int
    end: int
    opcode: int
    arg: int
    target: int


@given(given_buffers(), given_buffers(), given_buffers(), st.booleans())
def test_instructions(raw: Given, caches: Given, kinds: Given, tables: bool) -> None:
    """tables: these are good ones."""
    found: list[list[Instruction]] = []
    two: list[Any] = [bytes(256), bytes(256)] if tables else [caches.view, kinds.view]
    decode: Any = probe.decode
    good = used(lambda: found.append(decode(raw.view, *two, Instruction)))
    tables = tables or (caches.holds(256, size=1) and kinds.holds(256, size=1))
    assert good == (raw.holds(0, size=2) and tables)
    for instructions in found:
        if two[1] == bytes(256) == two[0]:
            assert len(instructions) == raw.view.nbytes // 2


@pytest.mark.parametrize("kind", [os.stat_result, type(os.times()), int, object, list])
def test_what_is_no_tuple_of_six(kind: Any) -> None:
    with pytest.raises(ValueError, match="class that is a tuple"):
        probe.decode(bytes(8), bytes(256), bytes(256), kind)


@given(given_buffers(), st.integers(-(2**31), 2**31 - 1) | st.sampled_from([2**31, -(2**62)]))
def test_line_tables(given: Given, line: int) -> None:
    good = used(lambda: probe.positions(given.view, line))  # type: ignore[arg-type]
    assert good == (given.holds(0, size=1) and -(2**31) <= line < 2**31)


@given(given_buffers(), st.lists(st.integers(0, 6) | st.integers(0, 2**32 - 1), max_size=12))
def test_slots(given: Given, words: list[int]) -> None:
    """Code that is half filled is of no use, and harmless."""
    text = "def f(a):\n    return a + 'constant'\nx = (1, 'two')\n"
    view = given.view
    if given.kind == "plain":
        content = b"".join(word.to_bytes(4, "little") for word in words)[: given.size]
        given.view[: len(content)] = content
    code: CodeType = marshal.loads(marshal.dumps(compile(text, "made", "exec")))
    used(lambda: probe.fill(code, [A, B, None, "text"], view, lambda _: code, None))
    code.replace(co_name="other")
    assert code.co_consts


def test_a_good_one_is_used() -> None:
    memory = bytearray(8 * 64)
    recorder = Recorder(memory)
    probe.attach(recorder)
    hit(A)
    probe.detach()
    assert memory[8:16] == A.pc.to_bytes(8, "little")
