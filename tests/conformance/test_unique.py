"""KCOV_UNIQUE_ENABLE and KCOV_RESET_TRACE: a bitmap in the area, and each block once."""

from __future__ import annotations

import errno

import pytest
from tests.conformance.adapter import PAGE_WORDS, Device, End, Map, Rows, Task, need, trace_of
from tests.conformance.steps import BAD_MODES, enabled, inited, number_of, raises

from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_RESET_TRACE,
    KCOV_UNIQUE_ENABLE,
)

SIZE = PAGE_WORDS


def bitmap_for(pcs: list[int]) -> int:
    """Return the words of the smallest bitmap that has a bit for each of these PCs."""
    return number_of(max(pcs)) // 64 + 1


def numbers_in(bitmap: list[int]) -> set[int]:
    return {64 * n + bit for n, word in enumerate(bitmap) for bit in range(64) if word >> bit & 1}


class Unique:
    """A descriptor that is enabled for blocks of `device`, with `room` words for the trace or more.

    once: the blocks of one run, in the order of their first hits.
    """

    def __init__(self, task: Task, device: Device, room: int = SIZE) -> None:
        self.bitmap = bitmap_for(device.pcs)
        self.size = -(-(self.bitmap + room) // SIZE) * SIZE
        self.once = list(dict.fromkeys(device.pcs))
        self.fd = task.open()
        task.ioctl(self.fd, KCOV_INIT_TRACE, self.size)
        self.area: Map = task.mmap(self.fd, self.size * 8)
        task.ioctl(self.fd, KCOV_UNIQUE_ENABLE, self.bitmap)

    def trace(self) -> list[int]:
        first = self.bitmap + 1
        return self.area.words(first, first + self.area.load(self.bitmap))

    def numbers(self) -> set[int]:
        return numbers_in(self.area.words(0, self.bitmap))

    def everything(self) -> list[int]:
        return self.area.words(0, self.size)


def test_each_block_once(task: Task, device: Device) -> None:
    unique = Unique(task, device)
    assert unique.everything() == [0] * unique.size  # ENABLE stores nothing
    for _ in range(3):
        task.run()
        assert unique.trace() == unique.once
        assert unique.numbers() == {number_of(pc) for pc in device.pcs}


def test_reset_begins_anew(task: Task, device: Device) -> None:
    unique = Unique(task, device)
    for _ in range(20):
        task.ioctl(unique.fd, KCOV_RESET_TRACE)
        assert (unique.trace(), unique.numbers()) == ([], set())
        task.run()
        assert unique.trace() == unique.once
    task.ioctl(unique.fd, KCOV_DISABLE)
    assert unique.trace() == unique.once


def test_reset_zeroes_the_bitmap_the_count_and_nothing_else(task: Task, device: Device) -> None:
    unique = Unique(task, device)
    for index in range(unique.size):
        unique.area.store(index, 2**64 - 1 - index)
    task.ioctl(unique.fd, KCOV_RESET_TRACE)
    behind = [2**64 - 1 - index for index in range(unique.bitmap + 1, unique.size)]
    assert unique.everything() == [0] * (unique.bitmap + 1) + behind


def test_client_begins_anew_by_itself(task: Task, device: Device) -> None:
    unique = Unique(task, device)
    task.run()
    unique.area.store(unique.bitmap, 0)
    task.run()
    assert unique.trace() == []  # all bits are set
    for index in range(unique.bitmap):
        unique.area.store(index, 0)
    task.run()
    assert unique.trace() == unique.once


def test_bits_that_the_client_stored(task: Task, device: Device) -> None:
    unique = Unique(task, device)
    for wanted in unique.once:
        for index in range(unique.bitmap):
            unique.area.store(index, 2**64 - 1)
        word, bit = divmod(number_of(wanted), 64)
        unique.area.store(word, 2**64 - 1 - 2**bit)
        unique.area.store(unique.bitmap, 0)
        task.run()
        assert unique.trace() == [wanted]
        assert unique.area.words(0, unique.bitmap) == [2**64 - 1] * unique.bitmap


def test_overflow_is_silent_and_the_bitmap_whole(task: Task, device: Device) -> None:
    unique = Unique(task, device)
    last = unique.size - unique.bitmap - 1
    unique.area.store(unique.bitmap, last - 1)  # room for one
    for _ in range(2):
        task.run()
        assert unique.area.load(unique.bitmap) == last
        assert unique.area.load(unique.size - 1) == unique.once[0]
        assert unique.numbers() == {number_of(pc) for pc in device.pcs}
    task.ioctl(unique.fd, KCOV_RESET_TRACE)
    task.run()
    assert unique.trace() == unique.once


@pytest.mark.parametrize("count", [0, 1, 2**32, 2**61 - 1, 2**61, 2**63, 2**64 - 1])
def test_garbage_count(task: Task, device: Device, count: int) -> None:
    """`count` more than what fills the trace."""
    unique = Unique(task, device)
    count = min(count + unique.size - unique.bitmap - 1, 2**64 - 1)
    unique.area.store(unique.bitmap, count)
    task.run()
    behind = [0] * (unique.size - unique.bitmap - 1)
    assert unique.everything()[unique.bitmap :] == [count, *behind]
    assert unique.numbers() == {number_of(pc) for pc in device.pcs}


@pytest.mark.parametrize("room", [2, 3])
def test_smallest_trace(task: Task, device: Device, room: int) -> None:
    bitmap = bitmap_for(device.pcs)
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, bitmap + room)
    task.ioctl(fd, KCOV_UNIQUE_ENABLE, bitmap)
    task.run()
    task.ioctl(fd, KCOV_RESET_TRACE)
    task.ioctl(fd, KCOV_DISABLE)


def test_modes_share_the_area(task: Task, device: Device) -> None:
    """Nothing is cleared between them: what one leaves, the next one finds."""
    unique = Unique(task, device)
    task.run()
    left = unique.everything()
    task.ioctl(unique.fd, KCOV_DISABLE)
    task.ioctl(unique.fd, KCOV_ENABLE)
    assert unique.everything() == left
    task.ioctl(unique.fd, KCOV_RESET_TRACE)  # of the present mode: there is no bitmap
    assert unique.everything() == [0, *left[1:]]
    task.run()
    assert trace_of(unique.area) == device.pcs
    task.ioctl(unique.fd, KCOV_DISABLE)
    task.ioctl(unique.fd, KCOV_UNIQUE_ENABLE, unique.bitmap)
    task.ioctl(unique.fd, KCOV_RESET_TRACE)
    task.run()
    assert unique.trace() == unique.once


def test_reset_of_a_plain_trace_zeroes_the_count(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, SIZE * 8)
    for _ in range(20):
        task.run()
        before = area.words(0, SIZE)
        task.ioctl(fd, KCOV_RESET_TRACE)
        assert area.words(0, SIZE) == [0, *before[1:]]
    task.run()
    assert trace_of(area) == device.pcs


def test_reset_needs_no_writable_mapping(task: Task, device: Device) -> None:
    """What it was proposed for: a fuzzer whose target can't scribble on the area."""
    fd = enabled(task)
    area = task.mmap(fd, SIZE * 8, prot=1)  # PROT_READ
    for _ in range(3):
        task.ioctl(fd, KCOV_RESET_TRACE)
        task.run()
        assert trace_of(area) == device.pcs


def test_reset_of_a_large_bitmap_costs_what_was_touched(task: Task, device: Device) -> None:
    size = (128 << 20) // 8
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, size)
    area = task.mmap(fd, size * 8)
    task.ioctl(fd, KCOV_UNIQUE_ENABLE, size // 2)
    area.store(size // 4, 2**64 - 1)
    for _ in range(3):
        task.ioctl(fd, KCOV_RESET_TRACE)
        assert area.load(size // 4) == 0
        task.run()
        assert area.load(size // 2) == len(set(device.pcs))
    assert task.memory(fd) <= 8 * SIZE * 8


# -- errors, and which one first -------------------------------------------------------------------


@pytest.mark.parametrize("words", [0, SIZE - 1, SIZE, SIZE + 1, 2**32 + 1, 2**61, 2**63, 2**64 - 1])
def test_bitmap_out_of_bounds(task: Task, device: Device, words: int) -> None:
    fd = inited(task)
    area = task.mmap(fd, SIZE * 8)
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_UNIQUE_ENABLE, words)
    task.run()
    assert area.words(0, SIZE) == [0] * SIZE
    task.ioctl(fd, KCOV_ENABLE)  # nothing has changed
    task.run()
    assert trace_of(area) == device.pcs


@pytest.mark.parametrize("words", [1, 2, SIZE - 3, SIZE - 2])
def test_bitmap_within_bounds(task: Task, words: int) -> None:
    fd = inited(task)
    task.ioctl(fd, KCOV_UNIQUE_ENABLE, words)
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_UNIQUE_ENABLE, words)
    task.ioctl(fd, KCOV_DISABLE)


def test_unique_enable_before_init(task: Task) -> None:
    fd = task.open()
    for words in (0, 1, SIZE - 2, 2**64 - 1):
        with raises(errno.EINVAL):
            task.ioctl(fd, KCOV_UNIQUE_ENABLE, words)
    task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    for mode in BAD_MODES:
        with raises(errno.EINVAL):
            task.ioctl(fd, KCOV_ENABLE, mode)
    task.ioctl(fd, KCOV_UNIQUE_ENABLE, 1)


def test_unique_enable_of_what_is_enabled(task: Task) -> None:
    fd = enabled(task)
    for caller in (task, task.thread()):
        with raises(errno.EINVAL):
            caller.ioctl(fd, KCOV_UNIQUE_ENABLE, 1)
    task.ioctl(fd, KCOV_DISABLE)
    task.ioctl(fd, KCOV_UNIQUE_ENABLE, 1)
    for caller in (task, task.thread()):
        with raises(errno.EINVAL):
            caller.ioctl(fd, KCOV_ENABLE)


def test_unique_enable_of_a_second_kcov(task: Task) -> None:
    second = inited(task)
    enabled(task)
    with raises(errno.EBUSY):
        task.ioctl(second, KCOV_UNIQUE_ENABLE, 1)
    for words in (0, SIZE - 1):  # the argument is looked at first
        with raises(errno.EINVAL):
            task.ioctl(second, KCOV_UNIQUE_ENABLE, words)


def test_reset_with_an_argument(task: Task, device: Device) -> None:
    unique = Unique(task, device)
    task.run()
    for arg in (1, 2**63, 2**64 - 1):
        with raises(errno.EINVAL):
            task.ioctl(unique.fd, KCOV_RESET_TRACE, arg)
    assert unique.trace() == unique.once


def test_reset_by_who_has_not_enabled(task: Task, device: Device) -> None:
    raw, idle, other = task.open(), inited(task), task.thread()
    unique = Unique(task, device)
    task.run()
    for caller, number in ((other, unique.fd), (task, raw), (task, idle), (other, idle)):
        with raises(errno.EINVAL):
            caller.ioctl(number, KCOV_RESET_TRACE)
    assert unique.trace() == unique.once
    task.ioctl(unique.fd, KCOV_DISABLE)
    with raises(errno.EINVAL):
        task.ioctl(unique.fd, KCOV_RESET_TRACE)
    assert unique.trace() == unique.once


# -- life cycle ------------------------------------------------------------------------------------


def test_hand_over_to_another_thread(task: Task, device: Device) -> None:
    unique, other = Unique(task, device), task.thread()
    task.run()
    task.ioctl(unique.fd, KCOV_DISABLE)
    bitmap = unique.bitmap
    unique.bitmap += 2  # the new owner says where the trace begins
    other.ioctl(unique.fd, KCOV_UNIQUE_ENABLE, unique.bitmap)
    with raises(errno.EINVAL):
        task.ioctl(unique.fd, KCOV_RESET_TRACE)
    other.ioctl(unique.fd, KCOV_RESET_TRACE)
    other.run()
    assert unique.trace() == unique.once
    other.end()
    task.ioctl(unique.fd, KCOV_UNIQUE_ENABLE, bitmap)
    unique.bitmap = bitmap
    task.ioctl(unique.fd, KCOV_RESET_TRACE)
    task.run()
    assert unique.trace() == unique.once


def test_forked_child_has_the_descriptor(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    unique = Unique(task, device)
    child = task.fork()
    with raises(errno.EINVAL):
        child.ioctl(unique.fd, KCOV_RESET_TRACE)
    child.run()  # starts disabled
    assert unique.trace() == []
    task.ioctl(unique.fd, KCOV_DISABLE)
    child.ioctl(unique.fd, KCOV_UNIQUE_ENABLE, unique.bitmap)
    child.run()
    assert unique.trace() == unique.once
    child.ioctl(unique.fd, KCOV_RESET_TRACE)
    child.run()
    child.end(End.KILL)
    assert unique.trace() == unique.once
    task.ioctl(unique.fd, KCOV_UNIQUE_ENABLE, unique.bitmap)
    task.ioctl(unique.fd, KCOV_RESET_TRACE)
    assert (unique.trace(), unique.numbers()) == ([], set())


def test_goes_on_after_close(task: Task, device: Device) -> None:
    need(device, Rows.CLOSE_KEEPS_RECORDING)
    unique = Unique(task, device)
    task.close(unique.fd)
    task.run()
    assert unique.trace() == unique.once


def test_goes_on_after_execve(task: Task, device: Device) -> None:
    need(device, Rows.EXECVE_KEEPS)
    unique = Unique(task, device)
    task.exec()
    unique.area = task.mmap(unique.fd, unique.size * 8)
    task.ioctl(unique.fd, KCOV_RESET_TRACE)
    task.run()
    assert unique.trace() == unique.once
