"""execve resets nothing: the task stays enabled, where a way in can tell."""

from __future__ import annotations

import errno
import os

import pytest
from tests.conformance.adapter import PAGE_WORDS, Device, End, Rows, Task, need, trace_of
from tests.conformance.steps import SIZE, enabled, inited, raises

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE
from pykcov.abi.stat import AT_FDCWD

pytestmark = pytest.mark.once

PAGE = PAGE_WORDS * 8
TIMES = 10
NATIVE = pytest.mark.parametrize("native", [False, True], ids=["thread", "native thread"])


@pytest.fixture(autouse=True)
def _execve(device: Device) -> None:
    need(device, Rows.EXECVE_KEEPS, Rows.FORK_SHARES, Rows.MORE_THREADS)


def test_recording_goes_on(task: Task, device: Device) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    child.ioctl(fd, KCOV_ENABLE)
    for times in range(1, TIMES):
        child.exec()
        child.run()
        assert trace_of(area) == [*device.pcs] * times
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_ENABLE)
    with raises(errno.EINVAL):
        child.ioctl(fd, KCOV_ENABLE)
    child.ioctl(fd, KCOV_DISABLE)
    child.run()
    assert area.load(0) == (TIMES - 1) * len(device.pcs)
    task.ioctl(fd, KCOV_ENABLE)


def test_who_is_not_enabled_stays_so(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    child.exec()
    child.run()
    assert area.load(0) == 0
    with raises(errno.EINVAL):
        child.ioctl(fd, KCOV_DISABLE)
    task.run()
    assert trace_of(area) == device.pcs


def test_descriptor_is_inherited(task: Task, device: Device) -> None:
    child = task.fork()
    fd = enabled(child)
    child.mmap(fd, PAGE)
    child.run()
    child.exec()
    child.run()
    area = child.mmap(fd, PAGE)
    assert trace_of(area) == [*device.pcs, *device.pcs]
    area.store(0, 0)
    child.run()
    assert trace_of(area) == device.pcs


def test_descriptor_that_execve_closes(task: Task) -> None:
    child = task.fork()
    fd = child.call("openat", AT_FDCWD, b"/sys/kernel/debug/kcov\0", os.O_RDWR | os.O_CLOEXEC)
    child.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    child.ioctl(fd, KCOV_ENABLE)
    child.exec()
    with raises(errno.EBADF):
        child.ioctl(fd, KCOV_DISABLE)
    other = inited(child)
    with raises(errno.EBUSY):  # it records, for nobody
        child.ioctl(other, KCOV_ENABLE)


@pytest.mark.parametrize("how", [End.RETURN, End.EXIT, End.KILL], ids=lambda how: how.name)
def test_end_after_execve(task: Task, device: Device, how: End) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for _ in range(TIMES):
        area.store(0, 0)
        child = task.fork()
        child.ioctl(fd, KCOV_ENABLE)
        child.exec()
        child.run()
        child.end(how)
        task.ioctl(fd, KCOV_ENABLE)
        task.run()
        assert trace_of(area) == [*device.pcs, *device.pcs]
        task.ioctl(fd, KCOV_DISABLE)


@NATIVE
def test_thread_takes_its_kcov_along(task: Task, device: Device, native: bool) -> None:
    fd, leaders = inited(task), inited(task)
    area = task.mmap(fd, PAGE)
    for _ in range(TIMES):
        area.store(0, 0)
        child = task.fork()
        child.ioctl(leaders, KCOV_ENABLE)
        thread = child.thread(native)
        thread.ioctl(fd, KCOV_ENABLE)
        thread.exec()
        thread.run()
        assert trace_of(area) == device.pcs
        with raises(errno.EINVAL):
            task.ioctl(fd, KCOV_ENABLE)
        task.ioctl(leaders, KCOV_ENABLE)  # the leader's is free
        task.ioctl(leaders, KCOV_DISABLE)
        with raises(errno.EBUSY):
            thread.ioctl(leaders, KCOV_ENABLE)
        thread.ioctl(fd, KCOV_DISABLE)
        thread.ioctl(leaders, KCOV_ENABLE)
        thread.end(End.KILL)
        task.ioctl(leaders, KCOV_ENABLE)
        task.ioctl(leaders, KCOV_DISABLE)


@NATIVE
def test_thread_without_a_kcov_ends_the_leaders(task: Task, device: Device, native: bool) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    for _ in range(TIMES):
        child = task.fork()
        thread = child.thread(native)
        child.ioctl(fd, KCOV_ENABLE)
        thread.exec()
        task.ioctl(fd, KCOV_ENABLE)
        thread.run()
        assert area.load(0) == 0
        task.ioctl(fd, KCOV_DISABLE)
        thread.ioctl(fd, KCOV_ENABLE)
        thread.ioctl(fd, KCOV_DISABLE)


@NATIVE
def test_other_threads_kcovs_are_free(task: Task, device: Device, native: bool) -> None:
    mine, fds = inited(task), [inited(task) for _ in range(3)]
    area = task.mmap(mine, PAGE)
    for _ in range(TIMES):
        child = task.fork()
        child.ioctl(mine, KCOV_ENABLE)
        for fd in fds:
            child.thread(native).ioctl(fd, KCOV_ENABLE)
        child.exec()
        for fd in fds:
            task.ioctl(fd, KCOV_ENABLE)
            task.ioctl(fd, KCOV_DISABLE)
        area.store(0, 0)
        child.run()
        assert trace_of(area) == device.pcs
        child.end(End.KILL)


def test_other_threads_that_run(task: Task, device: Device) -> None:
    mine, others = inited(task), inited(task)
    area, theirs = task.mmap(mine, PAGE), task.mmap(others, PAGE)
    for _ in range(TIMES):
        child = task.fork()
        child.ioctl(mine, KCOV_ENABLE)
        thread = child.thread()
        thread.ioctl(others, KCOV_ENABLE)
        theirs.store(0, 0)
        thread.run_on()
        while theirs.load(0) < len(device.pcs):
            pass
        child.exec()
        task.ioctl(others, KCOV_ENABLE)
        theirs.store(0, 0)
        task.run()
        assert trace_of(theirs) == device.pcs
        task.ioctl(others, KCOV_DISABLE)
        area.store(0, 0)
        child.run()
        assert trace_of(area) == device.pcs
        child.end(End.KILL)


def test_execve_that_fails(task: Task, device: Device) -> None:
    fds = [inited(task), inited(task)]
    maps = [task.mmap(fd, PAGE) for fd in fds]
    child = task.fork()
    threads = [child, child.thread()]
    for thread, fd in zip(threads, fds, strict=True):
        thread.ioctl(fd, KCOV_ENABLE)
    for times, caller in enumerate([*threads, *threads], 1):
        with raises(errno.ENOENT):
            caller.call("execve", b"/is/not/there\0", 0, 0)
        for thread in threads:
            thread.run()
        assert [trace_of(area) for area in maps] == [[*device.pcs] * times] * 2
        with raises(errno.EINVAL):
            task.ioctl(fds[0], KCOV_ENABLE)
    for thread, fd in zip(threads, fds, strict=True):
        thread.ioctl(fd, KCOV_DISABLE)


def test_thread_executes_after_one_that_failed(task: Task, device: Device) -> None:
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    thread = child.thread()
    thread.ioctl(fd, KCOV_ENABLE)
    with raises(errno.ENOENT):
        child.call("execve", b"/is/not/there\0", 0, 0)
    thread.exec()
    thread.run()
    assert trace_of(area) == device.pcs
    thread.end(End.EXIT)
    task.ioctl(fd, KCOV_ENABLE)


@NATIVE
def test_thread_executes_what_makes_no_calls(task: Task, device: Device, native: bool) -> None:
    moved, leaders = inited(task), inited(task)
    for _ in range(TIMES):
        child = task.fork()
        thread = child.thread(native)
        child.ioctl(leaders, KCOV_ENABLE)
        thread.ioctl(moved, KCOV_ENABLE)
        thread.end(End.EXEC)
        with raises(errno.EINVAL):
            task.ioctl(moved, KCOV_ENABLE)
        task.ioctl(leaders, KCOV_ENABLE)
        task.ioctl(leaders, KCOV_DISABLE)
        thread.end(End.KILL)
        task.ioctl(moved, KCOV_ENABLE)
        task.ioctl(moved, KCOV_DISABLE)


def test_leader_executes_what_makes_no_calls(task: Task, device: Device) -> None:
    kept, threads = inited(task), inited(task)
    for _ in range(TIMES):
        child = task.fork()
        child.ioctl(kept, KCOV_ENABLE)
        child.thread().ioctl(threads, KCOV_ENABLE)
        child.end(End.EXEC)
        with raises(errno.EINVAL):
            task.ioctl(kept, KCOV_ENABLE)
        task.ioctl(threads, KCOV_ENABLE)
        task.ioctl(threads, KCOV_DISABLE)
        child.end(End.KILL)
        task.ioctl(kept, KCOV_ENABLE)
        task.ioctl(kept, KCOV_DISABLE)
