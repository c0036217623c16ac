"""The device as a file: what has nothing to do with coverage."""

from __future__ import annotations

import errno
import os
import stat
import struct

import pytest
from tests.conformance.adapter import (
    PAGE_WORDS,
    PROT_READ,
    PROT_WRITE,
    Device,
    End,
    Rows,
    Task,
    need,
    trace_of,
)
from tests.conformance.steps import enabled, inited, raises

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE
from pykcov.abi.stat import AT_FDCWD

PAGE = PAGE_WORDS * 8
PATH = b"/sys/kernel/debug/kcov\0"
STAT = struct.Struct("QQQIII4xQqqq6q24x")  # struct stat of x86-64
F_DUPFD = 0
MAP_SHARED, MAP_FIXED, MAP_ANONYMOUS, MAP_PRIVATE = 0x01, 0x10, 0x20, 0x02
EPOLL_CTL_ADD = 1


@pytest.fixture(autouse=True)
def _file(device: Device) -> None:
    need(device, Rows.FILE_OPERATIONS)


def opened(task: Task, flags: int) -> int:
    return task.call("openat", AT_FDCWD, PATH, flags)


def stat_of(task: Task, fd: int) -> tuple[int, ...]:
    """Return mode, uid, gid, size and the three times in nanoseconds."""
    buffer = bytearray(STAT.size)
    task.call("fstat", fd, buffer)
    _, _, _, mode, uid, gid, _, size, _, _, *times = STAT.unpack(buffer)
    return mode, uid, gid, size, *(times[i] * 10**9 + times[i + 1] for i in (0, 2, 4))


BUFFER = bytes(8)
FAILING: dict[str, tuple[int, tuple[int | bytes, ...]]] = {
    "lseek": (errno.ESPIPE, (0, os.SEEK_SET)),
    "pread64": (errno.ESPIPE, (BUFFER, 8, 0)),
    "pwrite64": (errno.ESPIPE, (BUFFER, 8, 0)),
    "read": (errno.EINVAL, (BUFFER, 8)),
    "write": (errno.EINVAL, (BUFFER, 8)),
    "ftruncate": (errno.EINVAL, (4096,)),
    "getdents64": (errno.ENOTDIR, (BUFFER, 8)),
}


@pytest.mark.parametrize("name", FAILING)
def test_calls_that_fail(task: Task, device: Device, name: str) -> None:
    error, args = FAILING[name]
    fd = task.open()
    with raises(error):
        task.call(name, fd, *args)
    task.ioctl(fd, KCOV_INIT_TRACE, PAGE_WORDS)
    area = task.mmap(fd, PAGE)
    with raises(error):
        task.call(name, fd, *args)
    task.ioctl(fd, KCOV_ENABLE)
    with raises(error):
        task.call(name, fd, *args)
    task.run()
    assert trace_of(area) == device.pcs


def test_truncate(task: Task) -> None:
    with raises(errno.EINVAL):
        task.call("truncate", PATH, 0)
    opened(task, os.O_RDWR | os.O_TRUNC)


def test_epoll(task: Task) -> None:
    fd, epoll = task.open(), task.call("epoll_create1", 0)
    with raises(errno.EPERM):
        task.call("epoll_ctl", epoll, EPOLL_CTL_ADD, fd, bytes(12))


def test_stat(task: Task) -> None:
    for fd in (task.open(), enabled(task)):
        mode, uid, gid, size, *_ = stat_of(task, fd)
        assert (mode, uid, gid, size) == (stat.S_IFREG | 0o600, os.geteuid(), os.getegid(), 0)


def test_attributes_change(task: Task) -> None:
    fd, second = task.open(), task.open()
    try:
        task.call("fchmod", fd, 0o640)
        assert stat_of(task, second)[0] == stat.S_IFREG | 0o640
    finally:
        task.call("chmod", PATH, 0o600)
    assert stat_of(task, fd)[0] == stat.S_IFREG | 0o600
    task.call("fchown", fd, os.geteuid(), os.getegid())
    task.call("utimensat", AT_FDCWD, PATH, struct.pack("4q", 1, 2, 3, 4), 0)
    assert stat_of(task, second)[4:6] == (1_000_000_002, 3_000_000_004)


@pytest.mark.parametrize("number", [0, 215, 700])
def test_another_number(task: Task, device: Device, number: int) -> None:
    fd = task.open()
    if number == 700:
        assert task.call("fcntl", fd, F_DUPFD, number) == number
    else:
        assert task.call("dup2", fd, number) == number
    task.ioctl(fd, KCOV_INIT_TRACE, PAGE_WORDS)
    task.close(fd)
    with raises(errno.EBUSY):
        task.ioctl(number, KCOV_INIT_TRACE, PAGE_WORDS)
    area = task.mmap(number, PAGE)
    task.ioctl(number, KCOV_ENABLE)
    task.run()
    task.ioctl(number, KCOV_DISABLE)
    assert trace_of(area) == device.pcs
    with raises(errno.EBADF):
        task.ioctl(fd, KCOV_ENABLE)


def test_number_that_is_used_again(task: Task, device: Device) -> None:
    fd, other = enabled(task), inited(task)
    area = task.mmap(fd, PAGE)
    assert task.call("dup2", other, fd) == fd  # closes what it was
    task.run()
    assert trace_of(area) == device.pcs
    with raises(errno.EINVAL):
        task.ioctl(fd, KCOV_DISABLE)
    task.thread().ioctl(fd, KCOV_ENABLE)


def test_open_file_that_another_process_gets(task: Task, device: Device) -> None:
    child = task.fork()
    fd = enabled(child)
    far = child.mmap(fd, PAGE)
    pidfd = task.call("pidfd_open", child.call("getpid"), 0)
    mine = task.call("pidfd_getfd", pidfd, fd, 0)
    area = task.mmap(mine, PAGE)
    child.run()
    assert trace_of(area) == trace_of(far) == device.pcs
    with raises(errno.EINVAL):
        task.ioctl(mine, KCOV_ENABLE)
    child.close(fd)
    child.run()
    assert trace_of(area) == [*device.pcs, *device.pcs]
    child.end(End.KILL)
    task.ioctl(mine, KCOV_ENABLE)


def test_read_only(task: Task, device: Device) -> None:
    fd = opened(task, os.O_RDONLY)
    task.ioctl(fd, KCOV_INIT_TRACE, PAGE_WORDS)
    with raises(errno.EACCES):
        task.mmap(fd, PAGE, PROT_READ | PROT_WRITE)
    area = task.mmap(fd, PAGE, PROT_READ)
    task.ioctl(fd, KCOV_ENABLE)
    task.run()
    assert trace_of(area) == device.pcs


def test_map_over_a_reservation(task: Task, device: Device) -> None:
    fd = enabled(task)
    there = task.call("mmap", 0, 3 * PAGE, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    with raises(errno.EINVAL):
        task.call("mmap", there, 3 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0)
    at = there + PAGE
    assert task.call("mmap", at, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == at
    task.run()
    assert trace_of(task.mmap(fd, PAGE)) == device.pcs


def test_no_such_file_beside_it(task: Task) -> None:
    with raises(errno.ENOENT):
        task.call("openat", AT_FDCWD, PATH[:-1] + b"2\0", os.O_RDWR)
    with raises(errno.ENOTDIR):
        task.call("openat", AT_FDCWD, PATH[:-1] + b"/\0", os.O_RDWR)
    with raises(errno.EEXIST):
        opened(task, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    with raises(errno.ENOTDIR):
        opened(task, os.O_RDWR | os.O_DIRECTORY)
