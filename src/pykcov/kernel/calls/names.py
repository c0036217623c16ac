"""Calls that make, move or remove names, or go to a directory: none of that below a mount."""

from __future__ import annotations

import errno
import os

from pykcov.abi.stat import AT_FDCWD, AT_REMOVEDIR
from pykcov.kernel.caller import Caller
from pykcov.kernel.calls.opening import search
from pykcov.kernel.files import fail
from pykcov.kernel.host import HOST


def refuse(task: Caller, dirfd: int, path: int, error: int = errno.EPERM) -> object:
    """Return HOST for a path of the host's. Raises EPERM, or what the way there says."""
    place = task.lookup(dirfd, path, follow=False)
    if place.is_host or place.file is not None:
        return HOST
    search(task, place)
    raise fail(error)


def refuse_new(task: Caller, dirfd: int, path: int) -> object:
    """As refuse(), for a name that is to be made."""
    try:
        return refuse(task, dirfd, path, errno.EEXIST)
    except FileNotFoundError:
        raise fail(errno.EPERM) from None


def refuse_both(task: Caller, olddir: int, old: int, newdir: int, new: int) -> object:
    """As refuse() for the one and refuse_new() for the other."""
    if refuse(task, olddir, old) is HOST:
        return refuse_new(task, newdir, new)
    raise AssertionError("refuse() raises, or the path is the host's")


class Names:
    """A part of Kernel."""

    def chdir(self, task: Caller, path: int) -> object:
        return refuse(task, AT_FDCWD, path, errno.ENOTSUP)

    def getcwd(self, task: Caller, buffer: int, size: int) -> object:
        file = task.file(AT_FDCWD)
        if file is None:
            return HOST
        text = os.fsencode(file.path) + b"\0"
        if size < len(text):
            raise fail(errno.ERANGE)
        task.write(buffer, text)
        return len(text)

    def mkdir(self, task: Caller, path: int, mode: int) -> object:
        return self.mkdirat(task, AT_FDCWD, path, mode)

    def mkdirat(self, task: Caller, dirfd: int, path: int, mode: int) -> object:
        return refuse_new(task, dirfd, path)

    def rmdir(self, task: Caller, path: int) -> object:
        return self.unlinkat(task, AT_FDCWD, path, AT_REMOVEDIR)

    def unlink(self, task: Caller, path: int) -> object:
        return self.unlinkat(task, AT_FDCWD, path, 0)

    def unlinkat(self, task: Caller, dirfd: int, path: int, flags: int) -> object:
        return refuse(task, dirfd, path)

    def rename(self, task: Caller, old: int, new: int) -> object:
        return self.renameat2(task, AT_FDCWD, old, AT_FDCWD, new, 0)

    def renameat(self, task: Caller, olddir: int, old: int, newdir: int, new: int) -> object:
        return self.renameat2(task, olddir, old, newdir, new, 0)

    def renameat2(
        self, task: Caller, olddir: int, old: int, newdir: int, new: int, flags: int
    ) -> object:
        return refuse_both(task, olddir, old, newdir, new)

    def link(self, task: Caller, old: int, new: int) -> object:
        return self.linkat(task, AT_FDCWD, old, AT_FDCWD, new, 0)

    def linkat(
        self, task: Caller, olddir: int, old: int, newdir: int, new: int, flags: int
    ) -> object:
        return refuse_both(task, olddir, old, newdir, new)

    def symlink(self, task: Caller, target: int, new: int) -> object:
        return self.symlinkat(task, target, AT_FDCWD, new)

    def symlinkat(self, task: Caller, target: int, newdir: int, new: int) -> object:
        return refuse_new(task, newdir, new)
