"""What stands in the area."""

from __future__ import annotations

import pytest
from tests.conformance.adapter import PAGE_WORDS, Device, Task, trace_of
from tests.conformance.steps import enabled, inited

from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    PC_END,
    PC_SPACING,
    PC_START,
)

PAGE = PAGE_WORDS * 8
LAST = PAGE_WORDS - 1


def test_pcs_are_what_clients_take(device: Device) -> None:
    assert len(device.pcs) > len(set(device.pcs)) > 1  # repeats are kept
    assert all(PC_START <= pc < PC_END and pc % PC_SPACING == 0 for pc in device.pcs)


def test_order_and_repeats(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    for times in range(1, 4):
        task.run()
        assert trace_of(area) == [*device.pcs] * times


def test_client_begins_anew(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    for _ in range(100):
        area.store(0, 0)
        task.run()
        assert trace_of(area) == device.pcs


def test_overflow_is_silent(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    runs = PAGE_WORDS // len(device.pcs) + 2
    for _ in range(runs):
        task.run()
    assert area.load(0) == LAST
    assert area.words(1, PAGE_WORDS) == ([*device.pcs] * runs)[:LAST]


def test_records_up_to_the_last_word(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    area.store(0, LAST - 1)
    task.run()
    assert area.load(0) == LAST
    assert area.load(LAST) == device.pcs[0]


@pytest.mark.parametrize(
    "count", [LAST, LAST + 1, 2 * PAGE_WORDS, 2**32, 2**61 - 1, 2**61, 2**63, 2**64 - 2, 2**64 - 1]
)
def test_garbage_count_drops_everything(task: Task, device: Device, count: int) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    area.store(0, count)
    task.run()
    assert area.words(0, PAGE_WORDS) == [count] + [0] * LAST
    area.store(0, 0)
    task.run()
    assert trace_of(area) == device.pcs


def test_count_that_the_client_stored(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    area.store(0, 100)
    task.run()
    assert area.load(0) == 100 + len(device.pcs)
    assert area.words(1, 101) == [0] * 100
    assert area.words(101, 101 + len(device.pcs)) == device.pcs


def test_two_words(task: Task) -> None:
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, 2)
    task.ioctl(fd, KCOV_ENABLE)
    task.run()
    task.ioctl(fd, KCOV_DISABLE)


def test_seventeen_areas(task: Task, device: Device) -> None:
    size = (2 << 20) // 8
    fds = [task.open() for _ in range(17)]
    for fd in fds:
        task.ioctl(fd, KCOV_INIT_TRACE, size)
    maps = [task.mmap(fd, size * 8) for fd in fds]
    for times, (fd, area) in enumerate(zip(fds, maps, strict=True)):
        task.ioctl(fd, KCOV_ENABLE)
        for _ in range(times):
            task.run()
        task.ioctl(fd, KCOV_DISABLE)
        assert trace_of(area) == [*device.pcs] * times


def test_large_area_costs_what_is_touched(task: Task, device: Device) -> None:
    size = (128 << 20) // 8
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, size)
    area = task.mmap(fd, size * 8)
    task.ioctl(fd, KCOV_ENABLE)
    task.run()
    assert trace_of(area) == device.pcs
    assert 0 < task.memory(fd) <= 4 * PAGE
    area.store(0, size - 2)
    task.run()
    assert (area.load(0), area.load(size - 1)) == (size - 1, device.pcs[0])
    assert task.memory(fd) <= 8 * PAGE


def test_memory_is_taken_when_a_page_is_touched(task: Task) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    area.store(0, 0)
    assert task.memory(fd) == PAGE
    assert task.memory(inited(task)) == 0
