"""ENABLE, DISABLE, close, and who is recorded."""

from __future__ import annotations

import errno

import pytest
from tests.conformance.adapter import PAGE_WORDS, Device, End, Rows, Task, need, trace_of
from tests.conformance.steps import enabled, inited, raises

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE

PAGE = PAGE_WORDS * 8


def test_nothing_before_enable_nor_after_disable(task: Task, device: Device) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    task.run()
    assert area.load(0) == 0
    task.ioctl(fd, KCOV_ENABLE)
    task.run()
    task.ioctl(fd, KCOV_DISABLE)
    task.run()
    assert trace_of(area) == device.pcs


def test_enable_and_disable_clear_nothing(task: Task, device: Device) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    area.store(PAGE_WORDS - 1, 42)
    for times in range(1, 6):
        task.ioctl(fd, KCOV_ENABLE)
        assert area.load(0) == (times - 1) * len(device.pcs)
        task.run()
        task.ioctl(fd, KCOV_DISABLE)
        assert trace_of(area) == [*device.pcs] * times
    assert area.load(PAGE_WORDS - 1) == 42


def test_each_open_is_independent(task: Task, device: Device) -> None:
    one, two = inited(task), inited(task)
    first, second = task.mmap(one, PAGE), task.mmap(two, PAGE)
    for fd in (one, two):
        task.ioctl(fd, KCOV_ENABLE)
        task.run()
        task.ioctl(fd, KCOV_DISABLE)
    first.store(0, 0)
    assert trace_of(first) == []
    assert trace_of(second) == device.pcs


def test_other_threads_are_not_recorded(task: Task, device: Device) -> None:
    need(device, Rows.OWN_CODE)
    before = task.thread()
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    for other in (before, task.thread(), task.thread(native=True)):
        other.run()
        assert area.load(0) == 0
    task.run()
    assert trace_of(area) == device.pcs


def test_a_thread_starts_disabled(task: Task, device: Device) -> None:
    need(device, Rows.OWN_CODE)
    enabled(task)
    child = task.thread()
    fd = inited(child)
    child.ioctl(fd, KCOV_ENABLE)
    child.ioctl(fd, KCOV_DISABLE)


def test_one_kcov_for_each_of_two_threads(task: Task, device: Device) -> None:
    need(device, Rows.OWN_CODE)
    threads = [task.thread(), task.thread(), task.thread(native=True)]
    fds = [enabled(thread) for thread in threads]
    maps = [task.mmap(fd, PAGE) for fd in fds]
    for times in range(1, 4):
        for thread in threads:
            thread.run()
        assert [trace_of(area) for area in maps] == [[*device.pcs] * times] * 3
    for thread, fd in zip(threads, fds, strict=True):
        thread.ioctl(fd, KCOV_DISABLE)


def test_hand_over_to_another_thread(task: Task, device: Device) -> None:
    threads = [task.thread() for _ in range(4)]
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for times, thread in enumerate(threads, 1):
        thread.ioctl(fd, KCOV_ENABLE)
        thread.run()
        thread.ioctl(fd, KCOV_DISABLE)
        thread.run()
        assert trace_of(area) == [*device.pcs] * times


@pytest.mark.parametrize("native", [False, True], ids=["thread", "native thread"])
def test_hand_over_after_the_threads_exit(task: Task, device: Device, native: bool) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for times in range(1, 6):
        thread = task.thread(native)
        thread.ioctl(fd, KCOV_ENABLE)
        thread.run()
        thread.end()
        assert trace_of(area) == [*device.pcs] * times  # exit clears nothing
    task.ioctl(fd, KCOV_ENABLE)


def test_close_while_enabled(task: Task, device: Device) -> None:
    need(device, Rows.CLOSE_KEEPS_RECORDING)
    fd, other = enabled(task), inited(task)
    area = task.mmap(fd, PAGE)
    task.close(fd)
    task.run()
    assert trace_of(area) == device.pcs
    with raises(errno.EBUSY):
        task.ioctl(other, KCOV_ENABLE)


def test_exit_after_close_while_enabled(task: Task, device: Device) -> None:
    need(device, Rows.CLOSE_KEEPS_RECORDING)
    thread = task.thread()
    fd = enabled(thread)
    area = task.mmap(fd, PAGE)
    thread.close(fd)
    thread.run()
    thread.end()
    assert trace_of(area) == device.pcs  # and no reference is left: conftest looks


def test_close_and_unmap_while_enabled(task: Task, device: Device) -> None:
    need(device, Rows.CLOSE_KEEPS_RECORDING)
    other = inited(task)
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    task.run()
    task.close(fd)
    area.unmap()
    for _ in range(10):
        task.run()  # into an area that nobody sees
        with raises(errno.EBUSY):
            task.ioctl(other, KCOV_ENABLE)


def test_close_by_another_thread(task: Task, device: Device) -> None:
    need(device, Rows.CLOSE_KEEPS_RECORDING)
    thread = task.thread()
    fd = enabled(thread)
    area = task.mmap(fd, PAGE)
    task.close(fd)
    thread.run()
    assert trace_of(area) == device.pcs
    thread.end()


def test_close_of_one_that_is_not_enabled(task: Task) -> None:
    fd = inited(task)
    task.close(fd)
    task.close(task.open())
    task.ioctl(inited(task), KCOV_ENABLE)


def test_failing_requests_change_nothing(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    for request, arg in ((KCOV_ENABLE, 0), (KCOV_DISABLE, 1), (0, 0)):
        with pytest.raises(OSError):  # noqa: PT011
            task.ioctl(fd, request, arg)
        area.store(0, 0)
        task.run()
        assert trace_of(area) == device.pcs


def test_the_program_ends_while_enabled(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    child.ioctl(fd, KCOV_ENABLE)
    child.close(fd)
    child.run()
    child.end(End.RETURN)
    assert trace_of(area) == device.pcs
