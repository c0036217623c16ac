"""What a forked child has of its parent's descriptors, and the other way round."""

from __future__ import annotations

import errno

from tests.conformance.adapter import PAGE_WORDS, Device, Rows, Task, need, trace_of
from tests.conformance.steps import SIZE, enabled, inited, raises

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE

PAGE = PAGE_WORDS * 8


def test_child_starts_disabled(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    child.run()
    assert area.load(0) == 0
    task.run()
    child.run()
    assert trace_of(area) == device.pcs  # and the parent goes on


def test_child_of_a_thread_starts_disabled(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    thread = task.thread()
    fd = enabled(thread)
    area = task.mmap(fd, PAGE)
    child = thread.fork()
    child.run()
    assert area.load(0) == 0
    thread.run()
    assert trace_of(area) == device.pcs


def test_child_shares_the_mapping(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    inherited = child.mmap(fd, PAGE)
    task.run()
    assert trace_of(inherited) == device.pcs
    inherited.store(0, 0)
    assert area.load(0) == 0
    task.run()
    assert trace_of(inherited) == device.pcs


def test_child_enables_for_itself(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    child.ioctl(fd, KCOV_ENABLE)
    task.run()
    assert area.load(0) == 0
    child.run()
    assert trace_of(area) == device.pcs
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_ENABLE)
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_DISABLE)
    child.ioctl(fd, KCOV_DISABLE)
    task.ioctl(fd, KCOV_ENABLE)
    task.run()
    assert trace_of(area) == [*device.pcs, *device.pcs]


def test_child_of_an_owner_is_not_one(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    with raises(errno.EINVAL):
        child.ioctl(fd, KCOV_DISABLE)
    with raises(errno.EINVAL):
        child.ioctl(fd, KCOV_ENABLE)
    with raises(errno.EBUSY):
        child.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    task.run()
    assert trace_of(area) == device.pcs
    task.ioctl(fd, KCOV_DISABLE)
    child.ioctl(fd, KCOV_ENABLE)  # now it may
    child.run()
    assert trace_of(area) == [*device.pcs, *device.pcs]


def test_child_owns_another_while_the_parent_owns(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd, other = enabled(task), inited(task)
    area, second = task.mmap(fd, PAGE), task.mmap(other, PAGE)
    child = task.fork()
    child.ioctl(other, KCOV_ENABLE)
    task.run()
    child.run()
    child.run()
    assert trace_of(area) == device.pcs
    assert trace_of(second) == [*device.pcs, *device.pcs]


def test_child_inits_for_the_parent(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = task.open()
    child = task.fork()
    child.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    with raises(errno.EBUSY):
        task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    area = task.mmap(fd, PAGE)
    child.ioctl(fd, KCOV_ENABLE)
    child.run()
    child.end()
    assert trace_of(area) == device.pcs
    task.ioctl(fd, KCOV_ENABLE)


def test_parent_inits_for_the_child(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = task.open()
    child = task.fork()
    task.ioctl(fd, KCOV_INIT_TRACE, 2 * SIZE)
    with raises(errno.EBUSY):
        child.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    with raises(errno.EINVAL):
        child.mmap(fd, PAGE)
    area = child.mmap(fd, 2 * PAGE)
    task.ioctl(fd, KCOV_ENABLE)
    task.run()
    assert trace_of(area) == device.pcs


def test_closing_is_each_process_own(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = enabled(task)
    area = task.mmap(fd, PAGE)
    child = task.fork()
    child.close(fd)
    task.run()
    assert trace_of(area) == device.pcs
    task.ioctl(fd, KCOV_DISABLE)
    second = task.fork()
    task.close(fd)
    second.ioctl(fd, KCOV_ENABLE)
    second.run()
    assert trace_of(area) == [*device.pcs, *device.pcs]


def test_opening_is_each_process_own(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    child = task.fork()
    mine, its = enabled(task), enabled(child)
    area, far = task.mmap(mine, PAGE), child.mmap(its, PAGE)
    child.run()
    assert (area.load(0), trace_of(far)) == (0, device.pcs)


def test_many_children_take_turns(task: Task, device: Device) -> None:
    need(device, Rows.FORK_SHARES)
    fd = inited(task)
    area = task.mmap(fd, PAGE)
    children = [task.fork() for _ in range(4)]
    for times, child in enumerate(children, 1):
        child.ioctl(fd, KCOV_ENABLE)
        for other in children:
            if other is not child:
                with raises(errno.EINVAL):
                    other.ioctl(fd, KCOV_ENABLE)
        child.run()
        child.ioctl(fd, KCOV_DISABLE)
        assert trace_of(area) == [*device.pcs] * times
