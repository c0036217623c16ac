"""Unique mode in the C core, against a model; blocks, sections, and what is saved."""

from __future__ import annotations

import asyncio
import mmap
import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cores import hit, in_thread

import pykcov
from pykcov import probe
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_MODE_UNIQUE_PC,
    KCOV_REMOTE_ENABLE,
    KCOV_RESET_TRACE,
    KCOV_UNIQUE_ENABLE,
    PC_START,
)
from pykcov.device.descriptor import Descriptor
from pykcov.device.remote_arg import RemoteArg
from pykcov.device.task import ContextTask, Task

GARBAGE = 2**64 - 1
# Blocks 0 to 199, and PCs that no store gives: below the range, and far behind any bitmap.
NUMBERS = [*range(200), 2**20, 2**27 - 2]
NOT_OURS = [0, 7, PC_START - 8, PC_START, 2**63, GARBAGE - 7]
PROBES = {
    pc: probe.Probe(pc) for pc in [*NOT_OURS, *(PC_START + 8 * (number + 1) for number in NUMBERS)]
}
PCS = list(PROBES)


def pc_of(number: int) -> int:
    return PC_START + 8 * (number + 1)


class Area:
    """Words, and a recorder of the first `bitmap` of them as a bitmap."""

    def __init__(self, size: int, bitmap: int, blocks: bool = False) -> None:
        self.size, self.bitmap = size, bitmap
        self.fd = os.memfd_create("area", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, size * 8)
        self.memory = mmap.mmap(self.fd, size * 8)
        self.words = memoryview(self.memory).cast("Q")
        self.recorder = probe.Recorder(self.memory, blocks, bitmap_words=bitmap)
        self.shared = probe.Shared()

    def hit(self, *pcs: int) -> None:
        probe.attach(self.recorder)
        try:
            hit(*(PROBES[pc] for pc in pcs))
        finally:
            probe.detach()

    def reset(self) -> None:
        self.shared.reset(self.memory, self.fd, self.bitmap)

    def touched(self) -> int:
        """Bytes of memory that it takes."""
        return 512 * os.fstat(self.fd).st_blocks

    def __del__(self) -> None:
        os.close(self.fd)


class Model:
    """What the area holds, from the words of docs/device.md."""

    def __init__(self, size: int, bitmap: int, blocks: bool) -> None:
        self.words, self.bitmap, self.blocks = [0] * size, bitmap, blocks
        self.pending: list[int] = []
        self.dropped = False

    def hit(self, pc: int) -> None:
        if not self.blocks:
            self.dropped |= not self.record(pc)
        elif pc not in self.pending:
            self.pending.append(pc)

    def consume(self) -> None:
        while self.pending and self.record(self.pending[0]):
            self.pending.pop(0)

    def record(self, pc: int) -> bool:
        number = (pc - PC_START) // 8 - 1
        word, bit = divmod(number, 64)
        has_bit = 0 <= word < self.bitmap
        if has_bit and self.words[word] >> bit & 1:
            return True
        count = self.words[self.bitmap]
        fits = count < len(self.words) - self.bitmap - 1
        if has_bit and (fits or not self.blocks):
            self.words[word] |= 1 << bit
        if fits:
            self.words[self.bitmap + 1 + count] = pc
            self.words[self.bitmap] = count + 1
        return fits

    def reset(self) -> None:
        self.words[: self.bitmap + 1] = [0] * (self.bitmap + 1)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("hit"), st.lists(st.sampled_from(PCS), max_size=40)),
        st.tuples(
            st.just("store"),
            st.tuples(st.integers(0, 15), st.sampled_from([0, 1, 3, 8, 2**61, GARBAGE])),
        ),
        st.tuples(st.just("reset"), st.none()),
        st.tuples(st.just("consume"), st.none()),
    ),
    max_size=12,
)


@pytest.mark.slow
@given(st.booleans(), st.sampled_from([1, 2, 4]), ACTIONS)
def test_area_is_as_modelled(blocks: bool, bitmap: int, actions: list[tuple[str, object]]) -> None:
    size = 16
    area, model = Area(size, bitmap, blocks), Model(size, bitmap, blocks)
    for name, given_ in actions:
        if name == "hit":
            assert isinstance(given_, list)
            area.hit(*given_)
            for pc in given_:
                model.hit(pc)
        elif name == "store":
            assert isinstance(given_, tuple)
            index, word = given_
            area.words[index] = model.words[index] = word
        elif name == "reset":
            area.reset()
            model.reset()
        else:
            area.recorder.consume()
            model.consume()
        assert area.words.tolist() == model.words
        assert area.recorder.dropped == model.dropped
        assert len(area.recorder.counters or ()) == len(model.pending)


def test_a_block_has_the_bit_of_its_number() -> None:
    area = Area(512, 4)
    for number in range(200):
        area.hit(pc_of(number))
        assert area.words[number // 64] >> number % 64 & 1
        assert area.words[4] == number + 1
    assert area.words[:4].tolist() == [GARBAGE, GARBAGE, GARBAGE, 2**8 - 1]


def test_a_block_behind_the_bitmap_is_recorded_at_each_hit() -> None:
    area = Area(16, 1)
    inside, first, far = pc_of(63), pc_of(64), pc_of(2**27 - 2)
    area.hit(inside, first, far, inside, first, far)
    assert area.words[:8].tolist() == [2**63, 5, inside, first, far, first, far, 0]


def test_pcs_that_are_no_blocks_have_no_bit() -> None:
    area = Area(32, 8)
    area.hit(*NOT_OURS, *NOT_OURS)
    assert area.words[:8].tolist() == [0] * 8
    assert area.words[9 : 9 + 2 * len(NOT_OURS)].tolist() == NOT_OURS * 2


@pytest.mark.parametrize("bitmap", [3, 4, 2**32, 2**61, 2**64 - 1])
def test_recorder_without_room_for_a_trace(bitmap: int) -> None:
    with pytest.raises(ValueError, match="2 words"):
        probe.Recorder(mmap.mmap(-1, 32), bitmap_words=bitmap)
    probe.Recorder(mmap.mmap(-1, 32), bitmap_words=2)


@pytest.mark.parametrize("bitmap", [4, 5, 2**61, 2**64 - 1])
def test_reset_without_a_count(bitmap: int) -> None:
    memory = mmap.mmap(-1, 32)
    with pytest.raises(ValueError, match=r"area: [0-9]+ or more items"):
        probe.Shared().reset(memory, -1, bitmap)
    memory.close()  # nothing holds it


PAGE = 512  # words


@given(
    st.integers(1, 40 * PAGE),
    st.lists(st.integers(0, 41 * PAGE - 1), max_size=12),
)
def test_reset_zeroes_wherever_a_client_has_stored(bitmap: int, stored: list[int]) -> None:
    """And nothing else; what was never touched still takes no memory."""
    area = Area(41 * PAGE, bitmap)
    for index in stored:
        area.words[index] = GARBAGE
    pages = {index // PAGE for index in [*stored, bitmap]}
    area.reset()
    assert area.touched() <= len(pages) * PAGE * 8
    expected = [0] * area.size
    for index in stored:
        if index > bitmap:
            expected[index] = GARBAGE
    assert area.words.tolist() == expected


def test_reset_where_nothing_tells_what_was_touched() -> None:
    area = Area(4 * PAGE, 3 * PAGE)
    area.words[7] = area.words[2 * PAGE] = area.words[3 * PAGE] = area.words[3 * PAGE + 1] = GARBAGE
    area.shared.reset(area.memory, -1, area.bitmap)
    assert [n for n, word in enumerate(area.words) if word] == [3 * PAGE + 1]


# -- the device ------------------------------------------------------------------------------------


class Opened:
    """A descriptor with a bitmap of 4 words, enabled for `task`; the trace begins behind it."""

    def __init__(self, recording_mode: str = "trace", task: Task | None = None) -> None:
        self.descriptor: Descriptor = pykcov.open(recording_mode)
        self.descriptor.ioctl(KCOV_INIT_TRACE, 512)
        self.words = memoryview(self.descriptor.mmap(4096)).cast("Q")
        self.descriptor.ioctl(KCOV_UNIQUE_ENABLE, 4, task=task)

    def trace(self) -> list[int]:
        return self.words[5 : 5 + self.words[4]].tolist()


A, B, C = (PROBES[pc_of(n)] for n in (1, 70, 2))
BITS = {A: (0, 1 << 1), B: (1, 1 << 6), C: (0, 1 << 2)}


@pytest.fixture(autouse=True, scope="module")
def _something_is_instrumented() -> object:
    with pykcov.instrument(source="tests.unit.no_such_module"):
        yield


def test_blocks_are_recorded_at_a_return_and_once() -> None:
    opened = Opened("blocks")
    with opened.descriptor as descriptor:
        hit(B, A, B)
        assert opened.words[:5].tolist() == [0] * 5
        descriptor.check_mmap(4096, 0)
        with pytest.raises(OSError, match="busy"):
            descriptor.ioctl(KCOV_INIT_TRACE, 512)  # fails, so nothing has returned
        assert opened.trace() == []
        descriptor.ioctl(KCOV_DISABLE)
        assert opened.trace() == [B.pc, A.pc]
        descriptor.ioctl(KCOV_UNIQUE_ENABLE, 4)
        hit(A, C, B)
        descriptor.ioctl(KCOV_DISABLE)
        assert opened.trace() == [B.pc, A.pc, C.pc]
        assert opened.words[:4].tolist() == [BITS[A][1] | BITS[C][1], BITS[B][1], 0, 0]


@pytest.mark.parametrize("request_", [KCOV_ENABLE, KCOV_UNIQUE_ENABLE])
def test_reset_drops_blocks_that_are_pending(request_: int) -> None:
    with pykcov.open("blocks") as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        words = memoryview(descriptor.mmap(4096)).cast("Q")
        at = 4 if request_ == KCOV_UNIQUE_ENABLE else 0
        descriptor.ioctl(request_, at)
        hit(A, B)
        descriptor.ioctl(KCOV_RESET_TRACE)  # what was before it is not there after it
        assert words[: at + 1].tolist() == [0] * (at + 1)
        hit(B, C)
        descriptor.ioctl(KCOV_DISABLE)
        assert words[at : at + 4].tolist() == [2, B.pc, C.pc, 0]


def test_tasks_of_asyncio_each_have_their_bitmap() -> None:
    async def traced(*probes: probe.Probe) -> tuple[list[int], list[int]]:
        task = ContextTask()
        opened = Opened(task=task)
        with opened.descriptor as descriptor:
            for _ in range(3):
                for one in probes:
                    hit(one)
                    await asyncio.sleep(0)
            await asyncio.to_thread(hit, probes[0], C)
            before = opened.trace()
            descriptor.ioctl(KCOV_RESET_TRACE, task=task)
            hit(C)
            descriptor.ioctl(KCOV_DISABLE, task=task)
            assert opened.trace() == [C.pc]
            return before, opened.words[:4].tolist()

    async def main() -> list[tuple[list[int], list[int]]]:
        return list(await asyncio.gather(traced(A, B), traced(B), traced(B, A)))

    only_c = [BITS[C][1], 0, 0, 0]
    assert asyncio.run(main()) == [
        ([A.pc, B.pc, C.pc], only_c),
        ([B.pc, C.pc], only_c),
        ([B.pc, A.pc, C.pc], only_c),
    ]


def test_sections_are_plain_traces_that_can_be_reset() -> None:
    with pykcov.open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        words = memoryview(descriptor.mmap(4096)).cast("Q")
        for mode in (2, 3, KCOV_MODE_UNIQUE_PC, KCOV_UNIQUE_ENABLE):
            with pytest.raises(OSError, match="Invalid"):
                arg = RemoteArg(mode, 512, 0, (pykcov.handle_of(7),)).encode()
                descriptor.ioctl(KCOV_REMOTE_ENABLE, arg)
        descriptor.ioctl(KCOV_UNIQUE_ENABLE, 4)  # leaves nothing for what follows
        descriptor.ioctl(KCOV_DISABLE)
        arg = RemoteArg(0, 512, 0, (pykcov.handle_of(7),)).encode()
        descriptor.ioctl(KCOV_REMOTE_ENABLE, arg)

        def request() -> None:
            with pykcov.remote(7):
                hit(A, A, B)

        for _ in range(2):
            in_thread(request)
            assert words[:5].tolist() == [3, A.pc, A.pc, B.pc, 0]
            descriptor.ioctl(KCOV_RESET_TRACE)
            assert words[:5].tolist() == [0, A.pc, A.pc, B.pc, 0]
        descriptor.ioctl(KCOV_DISABLE)


def test_everyone_is_counted_too() -> None:
    opened, everyone = Opened(), probe.new_counters()
    probe.count_everyone(everyone)
    try:
        hit(A, A, B)
    finally:
        probe.count_everyone(None)
    hit(C)
    with opened.descriptor as descriptor:
        descriptor.ioctl(KCOV_DISABLE)
        assert opened.trace() == [A.pc, B.pc, C.pc]
    assert everyone.hits() == [(A.pc, 2), (B.pc, 1)]


def test_dropped_tells_of_the_trace() -> None:
    opened = Opened()
    with opened.descriptor as descriptor:
        hit(A)
        opened.words[4] = 512 - 5  # full
        hit(A)
        assert not descriptor.dropped
        hit(B)
        assert descriptor.dropped
        descriptor.ioctl(KCOV_DISABLE)


@pytest.mark.parametrize("recording_mode", ["trace", "blocks"])
def test_saved_and_restored(recording_mode: str) -> None:
    task = Task()
    first = Opened(recording_mode, task)
    task.enter()
    hit(A, B)
    task.leave()
    second, again = pickle.loads(pickle.dumps((first.descriptor, task)))
    task.exit()
    first.descriptor.close()
    first.descriptor, first.words = second, memoryview(second.mmap(4096)).cast("Q")
    again.resume()
    again.enter()
    hit(B, C)
    again.leave()
    assert first.trace() == [A.pc, B.pc, C.pc]
    second.ioctl(KCOV_RESET_TRACE, task=again)
    assert first.words[:5].tolist() == [0] * 5
    again.exit()
    second.close()
