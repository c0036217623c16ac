"""What may be mapped, and what a mapping shows."""

from __future__ import annotations

import errno

import pytest
from tests.conformance.adapter import PAGE_WORDS, PROT_READ, Device, Rows, Task, need, trace_of
from tests.conformance.steps import enabled, inited, raises

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE

PAGE = PAGE_WORDS * 8
SIZE = 4 * PAGE_WORDS


def test_before_init(task: Task) -> None:
    fd = task.open()
    for length in (0, PAGE, SIZE * 8):
        with raises(errno.EINVAL):
            task.mmap(fd, length)


def test_offset(task: Task) -> None:
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    for offset in (PAGE, SIZE * 8, -PAGE):
        with raises(errno.EINVAL):
            task.mmap(fd, SIZE * 8, offset=offset)
        with raises(errno.EINVAL):
            task.mmap(fd, SIZE * 8 - PAGE, offset=offset)


@pytest.mark.parametrize("length", [0, 1, SIZE, SIZE * 8 - PAGE, SIZE * 8 + 1, SIZE * 16, 2**50])
def test_another_length(task: Task, length: int) -> None:
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    with raises(errno.EINVAL):
        task.mmap(fd, length)


@pytest.mark.parametrize("length", [SIZE * 8, SIZE * 8 - 1, SIZE * 8 - PAGE + 1])
def test_length_is_rounded_to_pages(task: Task, length: int) -> None:
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    task.mmap(fd, length).unmap()


@pytest.mark.parametrize("size", [2, 3, PAGE_WORDS - 1, PAGE_WORDS + 1, 1000, SIZE - 2])
def test_no_page_multiple_inits_and_never_maps(task: Task, size: int) -> None:
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, size)
    for length in (size * 8, size * 8 // PAGE * PAGE, -(-size * 8 // PAGE) * PAGE):
        with raises(errno.EINVAL):
            task.mmap(fd, length)
    task.ioctl(fd, KCOV_ENABLE)  # and records, where nobody sees it
    task.run()
    task.ioctl(fd, KCOV_DISABLE)


def test_words_start_at_zero(task: Task) -> None:
    fd = inited(task)
    assert not any(task.mmap(fd, PAGE).words(0, PAGE_WORDS))


def test_many_maps_see_the_same_words(task: Task, device: Device) -> None:
    fd = inited(task)
    maps = [task.mmap(fd, PAGE) for _ in range(5)]
    task.ioctl(fd, KCOV_ENABLE)
    maps.append(task.mmap(fd, PAGE))  # also while it is enabled
    task.run()
    task.ioctl(fd, KCOV_DISABLE)
    maps.append(task.mmap(fd, PAGE))
    for area in maps:
        assert trace_of(area) == device.pcs
    maps[0].store(0, 0)
    maps[3].store(2, 42)
    for area in maps:
        assert area.words(0, 3) == [0, device.pcs[0], 42]


def test_unmapping_one_leaves_the_others(task: Task, device: Device) -> None:
    fd = inited(task)
    first, second = task.mmap(fd, PAGE), task.mmap(fd, PAGE)
    first.unmap()
    task.ioctl(fd, KCOV_ENABLE)
    task.run()
    assert trace_of(second) == device.pcs


def test_unmapping_all_leaves_the_area(task: Task, device: Device) -> None:
    fd = enabled(task)
    task.mmap(fd, PAGE).unmap()
    task.run()
    assert trace_of(task.mmap(fd, PAGE)) == device.pcs


def test_read_only(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE, PROT_READ)
    task.run()
    assert trace_of(area) == device.pcs


def test_map_outlives_close(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    task.run()
    task.ioctl(fd, KCOV_DISABLE)
    task.close(fd)
    assert trace_of(area) == device.pcs
    area.store(0, 0)
    assert area.load(0) == 0


def test_map_in_a_forked_child(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    with raises(errno.EINVAL):
        child.mmap(fd, 2 * PAGE)
    task.run()
    for seen in (area, child.mmap(fd, PAGE), child.mmap(fd, PAGE, PROT_READ)):
        assert trace_of(seen) == device.pcs
