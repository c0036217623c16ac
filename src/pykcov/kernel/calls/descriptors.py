"""Calls on descriptors of files that a kernel shows."""

from __future__ import annotations

import errno
import os
import stat
import struct

from pykcov.abi.stat import AT_FDCWD
from pykcov.abi.words import int32, int64
from pykcov.errors import fail
from pykcov.kernel.calls.opening import search
from pykcov.kernel.interface import HOST, Caller, OpenFile, Place

MAP_ANONYMOUS, MAP_TYPE, MAP_PRIVATE, PROT_WRITE = 0x20, 0x0F, 2, 2
IOV_MAX = 1024  # UIO_MAXIOV
_IOVEC = struct.Struct("<QQ")


def opened(task: Caller, fd: int) -> OpenFile | None:
    """Return the OpenFile of a descriptor, or None for a host file. Raises OSError: EBADF for an
    O_PATH descriptor."""
    file = task.file(fd)
    if file is not None and file.flags & os.O_PATH:
        raise fail(errno.EBADF)
    return file


def readable(file: OpenFile) -> OpenFile:
    """Raise EBADF unless it was opened for reading."""
    if file.flags & os.O_ACCMODE == os.O_WRONLY:
        raise fail(errno.EBADF)
    return file


def writable(file: OpenFile) -> OpenFile:
    """Raise EBADF unless it was opened for writing."""
    if file.flags & os.O_ACCMODE == os.O_RDONLY:
        raise fail(errno.EBADF)
    return file


def pieces(task: Caller, vector: int, count: int) -> list[tuple[int, int]]:
    """Return address and size from each of `count` struct iovecs at the address `vector`. Raises
    OSError: EINVAL, EFAULT."""
    if not 0 <= count <= IOV_MAX:
        raise fail(errno.EINVAL)
    return list(_IOVEC.iter_unpack(task.read(vector, count * _IOVEC.size)))


class Descriptors:
    """A part of Kernel."""

    def ioctl(self, task: Caller, fd: int, request: int, arg: int) -> object:
        file = opened(task, fd)
        return HOST if file is None else file.ioctl(task, request & 0xFFFFFFFF, arg)

    def mmap(
        self, task: Caller, address: int, length: int, prot: int, flags: int, fd: int, offset: int
    ) -> object:
        file = None if flags & MAP_ANONYMOUS else opened(task, fd)
        if file is None:
            return HOST
        mode = file.flags & os.O_ACCMODE
        shared = flags & MAP_TYPE != MAP_PRIVATE
        if mode not in (os.O_RDONLY, os.O_RDWR) or (
            shared and prot & PROT_WRITE and mode != os.O_RDWR
        ):
            raise fail(errno.EACCES)
        return file.mmap(task, length, offset)

    def ftruncate(self, task: Caller, fd: int, length: int) -> object:
        if int64(length) < 0:
            raise fail(errno.EINVAL)
        file = opened(task, fd)
        if file is None:
            return HOST
        if file.flags & os.O_ACCMODE == os.O_RDONLY:
            raise fail(errno.EINVAL)  # Linux's, not EBADF
        return file.truncate(task, int64(length))

    def truncate(self, task: Caller, path: int, length: int) -> object:
        return self.truncate_place(task, task.lookup(AT_FDCWD, path), length)

    def truncate_place(self, task: Caller, place: Place, length: int) -> object:
        """Answer a truncate of what is there; length: as the guest gave it."""
        if place.is_host:
            return HOST
        search(task, place)
        assert place.node is not None
        if not task.credentials().may(place.node, os.W_OK):
            raise fail(errno.EACCES)
        return OpenFile(place.node, os.O_RDWR, place.path).truncate(task, int64(length))

    def getdents64(self, task: Caller, fd: int, buffer: int, count: int) -> object:
        file = opened(task, fd)
        return HOST if file is None else file.getdents64(task, buffer, count & 0xFFFFFFFF)

    # -- what is trapped with --strict, or by a kernel that has its own ---------------------------

    def read(self, task: Caller, fd: int, buffer: int, count: int) -> object:
        file = opened(task, fd)
        return HOST if file is None else readable(file).read(task, buffer, count)

    def write(self, task: Caller, fd: int, buffer: int, count: int) -> object:
        file = opened(task, fd)
        return HOST if file is None else writable(file).write(task, buffer, count)

    def readv(self, task: Caller, fd: int, vector: int, count: int) -> object:
        file = opened(task, fd)
        if file is None:
            return HOST
        parts = pieces(task, vector, int32(count))
        if stat.S_ISDIR(file.node.mode) and not any(size for _, size in parts):
            return 0  # Linux's, where read(2) of nothing is EISDIR
        return readable(file).read(task, *(parts or [(0, 0)])[0])

    def writev(self, task: Caller, fd: int, vector: int, count: int) -> object:
        file = opened(task, fd)
        if file is None:
            return HOST
        first = (pieces(task, vector, int32(count)) or [(0, 0)])[0]
        return writable(file).write(task, *first)

    def pread64(self, task: Caller, fd: int, buffer: int, count: int, offset: int) -> object:
        file = opened(task, fd)
        if file is None:
            return HOST
        if int64(offset) < 0:
            raise fail(errno.EINVAL)
        return readable(file).pread(task, buffer, count, int64(offset))

    def pwrite64(self, task: Caller, fd: int, buffer: int, count: int, offset: int) -> object:
        file = opened(task, fd)
        if file is None:
            return HOST
        if int64(offset) < 0:
            raise fail(errno.EINVAL)
        return writable(file).pwrite(task, buffer, count, int64(offset))

    def lseek(self, task: Caller, fd: int, offset: int, whence: int) -> object:
        file = opened(task, fd)
        return HOST if file is None else file.lseek(task, int64(offset), int32(whence))

    def epoll_ctl(self, task: Caller, epfd: int, op: int, fd: int, event: int) -> object:
        if opened(task, fd) is None:
            return HOST
        raise fail(errno.EPERM)

    def fallocate(self, task: Caller, fd: int, mode: int, offset: int, length: int) -> object:
        file = opened(task, fd)
        if file is None:
            return HOST
        writable(file)
        raise fail(errno.EOPNOTSUPP)
