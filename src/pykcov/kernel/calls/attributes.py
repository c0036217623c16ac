"""stat, access, chmod, chown, utimens, readlink and their kin, on files that a kernel shows."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
import struct
import time

from pykcov.abi.stat import (
    AT_EACCESS,
    AT_EMPTY_PATH,
    AT_FDCWD,
    AT_SYMLINK_NOFOLLOW,
    NANO,
    UTIME_NOW,
    UTIME_OMIT,
    Stat,
)
from pykcov.abi.words import int32, int64
from pykcov.errors import fail
from pykcov.kernel.calls.descriptors import opened
from pykcov.kernel.calls.opening import search
from pykcov.kernel.host_files import Outside
from pykcov.kernel.interface import HOST, Caller, Host, Node, OpenFile, Place

_KEEP = 0xFFFFFFFF  # an id for chown that changes nothing
_TIMES = struct.Struct("<qqqq")
_UTIMBUF = struct.Struct("<qq")
_DEBUGFS_MAGIC = 0x64626720
_STATFS = struct.pack("<15q", _DEBUGFS_MAGIC, 4096, 0, 0, 0, 0, 0, 0, 255, 4096, 0, 0, 0, 0, 0)


def find(task: Caller, dirfd: int, path: int, flags: int) -> Place | Host:
    """Return what is there, or HOST. Raises OSError."""
    place = task.lookup(
        dirfd,
        path,
        follow=not flags & AT_SYMLINK_NOFOLLOW,
        empty=bool(flags & AT_EMPTY_PATH),
    )
    if place.is_host:
        return HOST
    search(task, place)
    return place


def stat_of(task: Caller, source: Node | OpenFile) -> Stat:
    """Return what stat(2) tells the task, whose user namespace numbers owners in its own way."""
    seen, ids = source.stat(), task.ids()
    return dataclasses.replace(seen, uid=ids.uid(seen.uid), gid=ids.gid(seen.gid))


def stat_at(task: Caller, place: Place) -> Stat:
    """The same for a path."""
    source = place.file or place.node
    assert source is not None
    return stat_of(task, source)


def owned(task: Caller, node: Node | None) -> Node:
    """Raise EPERM unless the task may change the node's attributes."""
    assert node is not None
    if isinstance(node, Outside):
        raise fail(errno.EPERM)
    who = task.credentials()
    if who.uid != node.uid and not who.overrides(node):
        raise fail(errno.EPERM)
    return node


class Attributes:
    """A part of Kernel. The calls without "at" are those with it, from the current directory."""

    # -- stat -------------------------------------------------------------------------------------

    def stat(self, task: Caller, path: int, buffer: int) -> object:
        return self.newfstatat(task, AT_FDCWD, path, buffer, 0)

    def lstat(self, task: Caller, path: int, buffer: int) -> object:
        return self.newfstatat(task, AT_FDCWD, path, buffer, AT_SYMLINK_NOFOLLOW)

    def newfstatat(self, task: Caller, dirfd: int, path: int, buffer: int, flags: int) -> object:
        place = find(task, dirfd, path, flags)
        if place is HOST:
            return HOST
        task.write(buffer, stat_at(task, place).pack())
        return 0

    def fstat(self, task: Caller, fd: int, buffer: int) -> object:
        file = task.file(fd)
        if file is None:
            return HOST
        task.write(buffer, stat_of(task, file).pack())
        return 0

    def statx(
        self, task: Caller, dirfd: int, path: int, flags: int, mask: int, buffer: int
    ) -> object:
        place = find(task, dirfd, path, flags)
        if place is HOST:
            return HOST
        task.write(buffer, stat_at(task, place).pack_statx())
        return 0

    def statfs(self, task: Caller, path: int, buffer: int) -> object:
        place = find(task, AT_FDCWD, path, 0)
        if place is HOST:
            return HOST
        if isinstance(place.node, Outside):
            raise fail(errno.EPERM)
        task.write(buffer, _STATFS)
        return 0

    def fstatfs(self, task: Caller, fd: int, buffer: int) -> object:
        if task.file(fd) is None:
            return HOST
        task.write(buffer, _STATFS)
        return 0

    def readlink(self, task: Caller, path: int, buffer: int, size: int) -> object:
        return self.readlinkat(task, AT_FDCWD, path, buffer, size)

    def readlinkat(self, task: Caller, dirfd: int, path: int, buffer: int, size: int) -> object:
        place = task.lookup(dirfd, path, follow=False)
        if place.is_host and place.path.startswith("/proc/"):
            place = task.lookup(dirfd, path)  # what /proc/PID/fd/N leads to tells the link's text
            if place.file is None:
                return HOST
        if place.is_host:
            return HOST
        if place.file is None:
            search(task, place)
        if isinstance(place.node, Outside):
            link = os.readlink(place.path)
        elif place.file is not None:
            link = place.path
        else:
            raise fail(errno.EINVAL)
        if int32(size) <= 0:
            raise fail(errno.EINVAL)
        text = os.fsencode(link)[: int32(size)]
        task.write(buffer, text)
        return len(text)

    # -- access -----------------------------------------------------------------------------------

    def access(self, task: Caller, path: int, mode: int) -> object:
        return self.faccessat2(task, AT_FDCWD, path, mode, 0)

    def faccessat(self, task: Caller, dirfd: int, path: int, mode: int) -> object:
        return self.faccessat2(task, dirfd, path, mode, 0)

    def faccessat2(self, task: Caller, dirfd: int, path: int, mode: int, flags: int) -> object:
        place = find(task, dirfd, path, flags)
        if place is HOST:
            return HOST
        if mode & 0xFFFFFFFF & ~7:
            raise fail(errno.EINVAL)
        assert place.node is not None
        if not task.credentials(real=not flags & AT_EACCESS).may(place.node, mode & 7):
            raise fail(errno.EACCES)
        return 0

    # -- chmod, chown -----------------------------------------------------------------------------

    def chmod(self, task: Caller, path: int, mode: int) -> object:
        return self.fchmodat2(task, AT_FDCWD, path, mode, 0)

    def fchmodat(self, task: Caller, dirfd: int, path: int, mode: int) -> object:
        return self.fchmodat2(task, dirfd, path, mode, 0)

    def fchmodat2(self, task: Caller, dirfd: int, path: int, mode: int, flags: int) -> object:
        place = find(task, dirfd, path, flags)
        return HOST if place is HOST else self._chmod(task, place.node, mode)

    def fchmod(self, task: Caller, fd: int, mode: int) -> object:
        file = opened(task, fd)
        return HOST if file is None else self._chmod(task, file.node, mode)

    def _chmod(self, task: Caller, node: Node | None, mode: int) -> int:
        node = owned(task, node)
        node.mode = stat.S_IFMT(node.mode) | mode & 0o7777
        node.ctime = time.time_ns()
        return 0

    def chown(self, task: Caller, path: int, uid: int, gid: int) -> object:
        return self.fchownat(task, AT_FDCWD, path, uid, gid, 0)

    def lchown(self, task: Caller, path: int, uid: int, gid: int) -> object:
        return self.fchownat(task, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW)

    def fchownat(
        self, task: Caller, dirfd: int, path: int, uid: int, gid: int, flags: int
    ) -> object:
        place = find(task, dirfd, path, flags)
        return HOST if place is HOST else self._chown(task, place.node, uid, gid)

    def fchown(self, task: Caller, fd: int, uid: int, gid: int) -> object:
        file = opened(task, fd)
        return HOST if file is None else self._chown(task, file.node, uid, gid)

    def _chown(self, task: Caller, node: Node | None, uid: int, gid: int) -> int:
        own, ids = task.credentials(), task.ids()
        uid, gid = uid & _KEEP, gid & _KEEP
        uid = uid if uid == _KEEP else ids.own_uid(uid)
        gid = gid if gid == _KEEP else ids.own_gid(gid)
        node = owned(task, node)
        groups = {_KEEP, node.gid, own.gid, *own.groups}
        if not own.overrides(node) and (uid not in (_KEEP, node.uid) or gid not in groups):
            raise fail(errno.EPERM)
        node.uid = node.uid if uid == _KEEP else uid
        node.gid = node.gid if gid == _KEEP else gid
        node.ctime = time.time_ns()
        return 0

    # -- times ------------------------------------------------------------------------------------

    def utime(self, task: Caller, path: int, times: int) -> object:
        place = find(task, AT_FDCWD, path, 0)
        if place is HOST:
            return HOST
        new = [int64(t) * NANO for t in _UTIMBUF.unpack(task.read(times, 16))] if times else None
        return self._utimes(task, place.node, new)

    def utimes(self, task: Caller, path: int, times: int) -> object:
        return self.futimesat(task, AT_FDCWD, path, times)

    def futimesat(self, task: Caller, dirfd: int, path: int, times: int) -> object:
        place = find(task, dirfd, path, 0) if path else self._of_descriptor(task, dirfd)
        if place is HOST:
            return HOST
        if not times:
            return self._utimes(task, place.node, None)
        a, a_micro, m, m_micro = _TIMES.unpack(task.read(times, _TIMES.size))
        if not (0 <= a_micro < 10**6 and 0 <= m_micro < 10**6):
            raise fail(errno.EINVAL)
        return self._utimes(
            task, place.node, [a * NANO + a_micro * 1000, m * NANO + m_micro * 1000]
        )

    def utimensat(self, task: Caller, dirfd: int, path: int, times: int, flags: int) -> object:
        place = find(task, dirfd, path, flags) if path else self._of_descriptor(task, dirfd)
        if place is HOST:
            return HOST
        if not times:
            return self._utimes(task, place.node, None)
        a, a_nano, m, m_nano = _TIMES.unpack(task.read(times, _TIMES.size))
        node = place.node
        assert node is not None
        return self._utimes(task, node, [_moment(a, a_nano, node.atime),
                                         _moment(m, m_nano, node.mtime)])  # fmt: skip

    @staticmethod
    def _of_descriptor(task: Caller, fd: int) -> Place | Host:
        file = task.file(fd)
        return HOST if file is None else Place(file.path, file=file)

    def _utimes(self, task: Caller, node: Node | None, times: list[int] | None) -> int:
        assert node is not None
        shown = not isinstance(node, Outside)
        if times is not None or not shown or not task.credentials().may(node, os.W_OK):
            owned(task, node)  # "now" needs write permission only
        now = time.time_ns()
        node.atime, node.mtime = times or (now, now)
        node.ctime = now
        return 0


def _moment(seconds: int, nano: int, before: int) -> int:
    if nano == UTIME_NOW:
        return time.time_ns()
    if nano == UTIME_OMIT:
        return before
    if not 0 <= nano < NANO:
        raise fail(errno.EINVAL)
    return seconds * NANO + nano
