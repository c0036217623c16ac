"""open, openat, openat2 and creat on files that a kernel shows."""

from __future__ import annotations

import errno
import os
import stat
import struct

from pykcov.abi.stat import AT_FDCWD
from pykcov.abi.words import int32
from pykcov.errors import fail
from pykcov.kernel.files import Directory, OpenDirectory
from pykcov.kernel.interface import HOST, Caller, OpenFile, Place

_OPEN_HOW = struct.Struct("<QQQ")  # struct open_how: flags, mode, resolve

_WANT = {os.O_RDONLY: os.R_OK, os.O_WRONLY: os.W_OK, os.O_RDWR: os.R_OK | os.W_OK}


def search(task: Caller, place: Place, real: bool = False) -> None:
    """Check that a place exists and can be reached. Raises OSError: EACCES if a directory on the
    way may not be searched, ENOENT, ENOTDIR for a trailing slash after a non-directory."""
    if place.file is not None:
        return
    credentials = task.credentials(real)
    assert place.chain
    if not all(credentials.may(node, os.X_OK) for node in place.passed):
        raise fail(errno.EACCES)
    if place.node is None:
        raise fail(errno.ENOENT)
    if place.last.endswith("/") and not stat.S_ISDIR(place.node.mode):
        raise fail(errno.ENOTDIR)


class Opening:
    """A part of Kernel."""

    def open(self, task: Caller, path: int, flags: int, mode: int) -> object:
        return self.openat(task, AT_FDCWD, path, flags, mode)

    def creat(self, task: Caller, path: int, mode: int) -> object:
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
        return self.openat(task, AT_FDCWD, path, flags, mode)

    def openat2(self, task: Caller, dirfd: int, path: int, how: int, size: int) -> object:
        if size < _OPEN_HOW.size:
            return HOST
        flags, mode, _ = _OPEN_HOW.unpack(task.read(how, _OPEN_HOW.size))
        return self.openat(task, dirfd, path, flags, mode)

    def openat(self, task: Caller, dirfd: int, path: int, flags: int, mode: int) -> object:
        flags = int32(flags)
        place = task.lookup(dirfd, path, follow=not flags & os.O_NOFOLLOW)
        return HOST if place.is_host else self.open_place(task, place, flags, mode)

    def open_place(self, task: Caller, place: Place, flags: int, mode: int) -> object:
        """Handle an open() of a path that is not on the host."""
        return open_node(task, place, flags)


def open_node(task: Caller, place: Place, flags: int) -> int:
    """Open a node, with checks in the same order as Linux."""
    creates = flags & os.O_CREAT
    try:
        search(task, place)
    except FileNotFoundError:
        if creates:
            raise fail(errno.EACCES) from None
        raise
    node = place.node
    assert node is not None
    if creates and flags & os.O_EXCL:
        raise fail(errno.EEXIST)
    if stat.S_ISDIR(node.mode):
        if creates or flags & os.O_TRUNC or flags & os.O_ACCMODE != os.O_RDONLY:
            raise fail(errno.EISDIR)
    elif flags & os.O_DIRECTORY:
        raise fail(errno.ENOTDIR)
    if flags & os.O_PATH:
        kind = OpenDirectory if isinstance(node, Directory) else OpenFile
        return task.install(kind(node, flags, place.path), flags)
    if not task.credentials().may(node, _WANT.get(flags & os.O_ACCMODE, os.R_OK | os.W_OK)):
        raise fail(errno.EACCES)
    return task.install(node.open(task, flags, place.path), flags)
