"""The owner is over, in whatever way: once it has been waited for, the next may ENABLE."""

from __future__ import annotations

import errno

import pytest
from tests.conformance.adapter import PAGE_WORDS, Device, End, Rows, Task, need, trace_of
from tests.conformance.steps import SIZE, enabled, inited, raises

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE

PAGE = PAGE_WORDS * 8
TIMES = 10  # it is a race that is looked for

HOW = pytest.mark.parametrize("how", [End.EXIT, End.KILL, End.EXEC], ids=lambda how: how.name)
NATIVE = pytest.mark.parametrize("native", [False, True], ids=["python", "native"])


def need_end(device: Device, how: End) -> None:
    """Skip the test unless a forked child, with its parent's descriptor, ends like that."""
    need(device, Rows.FORK_SHARES)
    if how is End.EXEC:
        need(device, Rows.EXECVE_ENDS)


@HOW
def test_child_process(task: Task, device: Device, how: End) -> None:
    need_end(device, how)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for _ in range(TIMES):
        area.store(0, 0)
        child = task.fork()
        child.ioctl(fd, KCOV_ENABLE)
        child.run()
        child.end(how)
        task.ioctl(fd, KCOV_ENABLE)
        assert trace_of(area) == device.pcs
        task.run()
        assert trace_of(area) == [*device.pcs, *device.pcs]
        task.ioctl(fd, KCOV_DISABLE)


@HOW
def test_another_child_is_next(task: Task, device: Device, how: End) -> None:
    need_end(device, how)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    waiting = task.fork()
    for _ in range(3):
        child = task.fork()
        child.ioctl(fd, KCOV_ENABLE)
        with raises(errno.EINVAL):
            waiting.ioctl(fd, KCOV_ENABLE)
        child.end(how)
        area.store(0, 0)
        waiting.ioctl(fd, KCOV_ENABLE)
        waiting.run()
        waiting.ioctl(fd, KCOV_DISABLE)
        assert trace_of(area) == device.pcs


@NATIVE
def test_thread(task: Task, device: Device, native: bool) -> None:
    need(device, Rows.THREADS)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for _ in range(TIMES):
        area.store(0, 0)
        thread = task.thread(native)
        thread.ioctl(fd, KCOV_ENABLE)
        thread.run()
        thread.end()
        task.ioctl(fd, KCOV_ENABLE)
        assert trace_of(area) == device.pcs
        task.ioctl(fd, KCOV_DISABLE)


@HOW
def test_every_request_sees_it(task: Task, device: Device, how: End) -> None:
    need_end(device, how)
    fd = inited(task)
    child = task.fork()
    child.ioctl(fd, KCOV_ENABLE)
    child.end(how)
    with raises(errno.EBUSY):  # it is INIT, not DISABLED
        task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_DISABLE)
    task.mmap(fd, PAGE)
    task.ioctl(fd, KCOV_ENABLE)


@HOW
def test_owner_of_a_closed_descriptor(task: Task, device: Device, how: End) -> None:
    need_end(device, how)
    fd = inited(task)
    child = task.fork()
    child.ioctl(fd, KCOV_ENABLE)
    child.close(fd)
    child.end(how)
    task.ioctl(fd, KCOV_ENABLE)


@HOW
def test_bystander_that_dies_changes_nothing(task: Task, device: Device, how: End) -> None:
    need_end(device, how)
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    with raises(errno.EINVAL):
        child.ioctl(fd, KCOV_ENABLE)
    child.end(how)
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_ENABLE)
    task.run()
    assert trace_of(area) == device.pcs
    task.ioctl(fd, KCOV_DISABLE)


def test_owner_that_was_and_is_no_more(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = inited(task)
    child = task.fork()
    child.ioctl(fd, KCOV_ENABLE)
    child.ioctl(fd, KCOV_DISABLE)
    task.ioctl(fd, KCOV_ENABLE)
    child.end(End.KILL)
    with raises(errno.EINVAL):
        task.thread().ioctl(fd, KCOV_ENABLE)
    task.ioctl(fd, KCOV_DISABLE)


@NATIVE
def test_waiting_threads_get_it_one_after_another(task: Task, device: Device, native: bool) -> None:
    need(device, Rows.THREADS)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    threads = [task.thread(native) for _ in range(5)]
    for times, thread in enumerate(threads, 1):
        thread.ioctl(fd, KCOV_ENABLE)
        for other in threads[times:]:
            with raises(errno.EINVAL):
                other.ioctl(fd, KCOV_ENABLE)
        thread.run()
        thread.end()
        assert trace_of(area) == [*device.pcs] * times


def test_killed_while_it_runs(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for _ in range(TIMES):
        child = task.fork()
        child.ioctl(fd, KCOV_ENABLE)
        area.store(0, 0)
        child.run_on()
        while area.load(0) < len(device.pcs):
            pass
        child.end(End.KILL)
        task.ioctl(fd, KCOV_ENABLE)
        area.store(0, 0)  # and the one that is dead stores nothing any more
        task.run()
        assert trace_of(area) == device.pcs
        task.ioctl(fd, KCOV_DISABLE)


def test_killed_with_threads_that_run(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES, Rows.MORE_THREADS)
    fds = [inited(task) for _ in range(4)]
    maps = [task.mmap(fd, PAGE) for fd in fds]
    for _ in range(TIMES):
        child = task.fork()
        for fd, area, native in zip(fds, maps, (False, True, False, True), strict=True):
            thread = child.thread(native)
            thread.ioctl(fd, KCOV_ENABLE)
            area.store(0, 0)
            thread.run_on()
        while any(area.load(0) < len(device.pcs) for area in maps):
            pass
        child.end(End.KILL)
        for fd, area in zip(fds, maps, strict=True):
            task.ioctl(fd, KCOV_ENABLE)
            area.store(0, 0)
            task.run()
            assert trace_of(area) == device.pcs
            task.ioctl(fd, KCOV_DISABLE)


@pytest.mark.parametrize("waits", [False, True], ids=["busy", "waiting"])
def test_killed_in_the_middle_of_a_call(task: Task, device: Device, waits: bool) -> None:
    need(device, Rows.FORK_SHARES, Rows.LONG_CALLS)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for _ in range(3):
        area.store(0, 0)
        child = task.fork()
        child.ioctl(fd, KCOV_ENABLE)
        child.run_long(100, waits)
        while area.load(0) < len(device.pcs):
            pass
        child.end(End.KILL)
        task.ioctl(fd, KCOV_ENABLE)  # at the latest when the call is over
        area.store(0, 0)
        for times in range(1, 20):
            task.run()
            assert trace_of(area) == [*device.pcs] * times
        task.ioctl(fd, KCOV_DISABLE)


@NATIVE
def test_thread_that_ends_leaves_the_others(task: Task, device: Device, native: bool) -> None:
    need(device, Rows.THREADS)
    one, two = task.thread(native), task.thread(native)
    fds = [enabled(one), enabled(two)]
    area = task.mmap(fds[1], PAGE)
    one.end()
    two.run()
    assert trace_of(area) == device.pcs
    with raises(errno.EINVAL):
        task.ioctl(fds[1], KCOV_ENABLE)
    two.ioctl(fds[1], KCOV_DISABLE)


@pytest.mark.parametrize("processes", [False, True], ids=["threads", "processes"])
def test_at_once(task: Task, device: Device, processes: bool) -> None:
    need(device, Rows.FORK_SHARES if processes else Rows.THREADS)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    task.relay(fd, 30, processes)
    assert trace_of(area) == [*device.pcs] * 30
    area.store(0, 0)
    task.relay(fd, 100, processes)
