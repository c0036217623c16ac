"""Which errno, and which one first."""

from __future__ import annotations

import errno

import pytest
from tests.conformance.adapter import Device, Rows, Task, need, trace_of
from tests.conformance.steps import BAD_MODES, SIZE, enabled, inited, raises

from pykcov.abi import kcov as abi
from pykcov.abi.ioctl import IO, IOR, IOW
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE, KCOV_TRACE_CMP

INT_MAX = 2**31 - 1


BAD_SIZES = (0, 1, INT_MAX // 8 + 1, 2**31, 2**32 + SIZE, 2**63, 2**64 - 1)


@pytest.mark.parametrize("size", BAD_SIZES)
def test_init_size_out_of_bounds(task: Task, size: int) -> None:
    fd = task.open()
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_INIT_TRACE, size)
    task.ioctl(fd, KCOV_INIT_TRACE, SIZE)


@pytest.mark.parametrize("size", [2, 3, SIZE - 1, SIZE, INT_MAX // 8])
def test_init_any_size_within_bounds(task: Task, size: int) -> None:
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, size)
    with raises(errno.EBUSY):
        task.ioctl(fd, KCOV_INIT_TRACE, size)


def test_second_init_is_busy_for_ever(task: Task) -> None:
    fd = inited(task)
    for request in (None, KCOV_ENABLE, KCOV_DISABLE):
        if request is not None:
            task.ioctl(fd, request)
        with raises(errno.EBUSY):
            task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
        with raises(errno.EINVAL):  # the size is looked at first
            task.ioctl(fd, KCOV_INIT_TRACE, 1)


def test_init_without_memory(task: Task, device: Device) -> None:
    need(device, Rows.PROCESSES)
    child = task.fork()
    fd, second = child.open(), child.open()
    child.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    child.limit_memory()
    for number in (second, fd):  # ENOMEM comes before EBUSY
        with raises(errno.ENOMEM):
            child.ioctl(number, KCOV_INIT_TRACE, (256 << 20) // 8)
    with raises(errno.EINVAL):
        child.ioctl(second, KCOV_ENABLE)
    child.ioctl(second, KCOV_INIT_TRACE, SIZE)


def test_enable_before_init(task: Task) -> None:
    fd = task.open()
    for mode in (0, KCOV_TRACE_CMP, *BAD_MODES):
        with raises(errno.EINVAL):
            task.ioctl(fd, KCOV_ENABLE, mode)


def test_enable_twice(task: Task) -> None:
    fd = enabled(task)
    other = task.thread()
    for caller in (task, other):
        with raises(errno.EINVAL):
            caller.ioctl(fd, KCOV_ENABLE)


def test_enable_of_a_second_kcov(task: Task, device: Device) -> None:
    second, raw = inited(task), task.open()
    enabled(task)
    for mode in (0, KCOV_TRACE_CMP, *BAD_MODES):  # the mode is looked at last
        with raises(errno.EBUSY):
            task.ioctl(second, KCOV_ENABLE, mode)
    with raises(errno.EINVAL):  # not inited: looked at first
        task.ioctl(raw, KCOV_ENABLE)
    if Rows.OWN_CODE in device.holds:
        task.thread().ioctl(second, KCOV_ENABLE)


@pytest.mark.parametrize("mode", BAD_MODES)
def test_enable_of_an_unknown_mode(task: Task, mode: int) -> None:
    fd = inited(task)
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_ENABLE, mode)
    task.ioctl(fd, KCOV_ENABLE)


def test_enable_of_comparisons(task: Task) -> None:
    fd = inited(task)
    with raises(abi.ENOTSUPP):
        task.ioctl(fd, KCOV_ENABLE, KCOV_TRACE_CMP)
    task.ioctl(fd, KCOV_ENABLE)


def test_disable_with_an_argument(task: Task, device: Device) -> None:
    fd = enabled(task)
    area = task.mmap(fd, SIZE * 8)
    for arg in (1, 2**63, 2**64 - 1):
        with raises(errno.EINVAL):
            task.ioctl(fd, KCOV_DISABLE, arg)
    task.run()
    assert trace_of(area) == device.pcs
    task.ioctl(fd, KCOV_DISABLE)


def test_disable_by_who_has_not_enabled(task: Task, device: Device) -> None:
    raw, idle = task.open(), inited(task)
    fd = enabled(task)
    area = task.mmap(fd, SIZE * 8)
    other = task.thread()
    for caller, number in ((other, fd), (task, raw), (task, idle), (other, idle)):
        with raises(errno.EINVAL):
            caller.ioctl(number, KCOV_DISABLE)
    task.run()
    assert trace_of(area) == device.pcs
    task.ioctl(fd, KCOV_DISABLE)
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_DISABLE)


UNKNOWN = {
    "INIT_TRACE of a 32-bit client": 0x80046301,
    "no number": 0,
    "another driver's": IO("T", 1),
    "another direction": IOW("c", 1, 8),
    "another size": IOR("c", 1, 16),
    "ENABLE with a size": IOW("c", 100, 8),
    "next after the last": IO("c", 105),
    "UNIQUE_ENABLE in the direction of INIT_TRACE": IOR("c", 103, 8),
    "RESET_TRACE with a size": IOW("c", 104, 8),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_requests(task: Task, device: Device, name: str) -> None:
    fd = task.open()
    with raises(errno.ENOTTY):
        task.ioctl(fd, UNKNOWN[name], SIZE)
    task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    area = task.mmap(fd, SIZE * 8)
    for arg in (0, 1, SIZE):
        with raises(errno.ENOTTY):
            task.ioctl(fd, UNKNOWN[name], arg)
    task.ioctl(fd, KCOV_ENABLE)
    with raises(errno.ENOTTY):
        task.ioctl(fd, UNKNOWN[name])
    task.run()
    task.ioctl(fd, KCOV_DISABLE)
    assert trace_of(area) == device.pcs
