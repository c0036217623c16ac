"""Calls that make, move or remove names, none of which is done below a mount, or go there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from pykcov.abi.stat import AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW
from pykcov.abi.words import int32
from pykcov.errors import fail
from pykcov.kernel.calls.opening import search
from pykcov.kernel.files import Files
from pykcov.kernel.host_files import Outside
from pykcov.kernel.interface import HOST, Caller, Node, Place


def refuse(task: Caller, place: Place, error: int = errno.EPERM) -> object:
    """Return HOST for a place of the host's. Raises EPERM, or what the way there says."""
    if place.is_host or place.file is not None:
        return HOST
    search(task, place)
    raise fail(error)


def refuse_new(task: Caller, place: Place) -> object:
    """As refuse(), for a name that is to be made."""
    try:
        return refuse(task, place, errno.EEXIST)
    except FileNotFoundError:
        raise fail(errno.EPERM) from None


def check_enter(task: Caller, node: Node) -> None:
    """Raise OSError unless it is a directory that the task may be in."""
    if not stat.S_ISDIR(node.mode):
        raise fail(errno.ENOTDIR)
    if not task.credentials().may(node, os.X_OK):
        raise fail(errno.EACCES)


def leave_to_host(task: Caller, path: str) -> object:
    """The host goes to a directory of its own, if it can: from then on it knows where that is."""
    if task.cwd() is not None:
        try:
            check_enter(task, Outside(path, follow=True))
        except OSError:
            return HOST  # which says what is wrong
        task.chdir(None)
    return HOST


class Names:
    """A part of Kernel.

    A path is in the guest's memory, which may change at any time. So it is read once, and a kernel
    that has files of its own answers for the place that it leads to.
    """

    files: Files

    def chdir(self, task: Caller, path: int) -> object:
        place = task.lookup(AT_FDCWD, path)
        if place.is_host:
            return leave_to_host(task, place.path)
        search(task, place)
        assert place.node is not None
        return self._enter(task, place.node, place.path)

    def fchdir(self, task: Caller, fd: int) -> object:
        file = task.file(fd)
        if file is None:
            return leave_to_host(task, f"/proc/{task.tid}/fd/{int32(fd)}")
        return self._enter(task, file.node, file.path)

    @staticmethod
    def _enter(task: Caller, node: Node, path: str) -> int:
        check_enter(task, node)
        task.chdir(node.open(task, os.O_PATH | os.O_DIRECTORY, path))
        return 0

    def getcwd(self, task: Caller, buffer: int, size: int) -> object:
        file = task.cwd()
        if file is None:
            return HOST
        chain = self.files.find(file.path)
        if chain is not None and chain[-1] is not file.node:
            raise fail(errno.ENOENT)  # it has been removed
        text = os.fsencode(file.path) + b"\0"
        if size < len(text):
            raise fail(errno.ERANGE)
        task.write(buffer, text)
        return len(text)

    # -- the host would start them from where it has the task -------------------------------------

    def execve(self, task: Caller, path: int) -> object:
        return self.execveat(task, AT_FDCWD, path, 0, 0, 0)

    def execveat(
        self, task: Caller, dirfd: int, path: int, argv: int, envp: int, flags: int
    ) -> object:
        place = task.lookup(dirfd, path, follow=not flags & AT_SYMLINK_NOFOLLOW,
                            empty=bool(flags & AT_EMPTY_PATH))  # fmt: skip
        if place.is_host or place.file is not None:
            return HOST
        search(task, place)
        raise fail(errno.EACCES)

    # -- names ------------------------------------------------------------------------------------

    def mknod(self, task: Caller, path: int) -> object:
        return self.mknodat(task, AT_FDCWD, path)

    def mknodat(self, task: Caller, dirfd: int, path: int) -> object:
        return refuse_new(task, task.lookup(dirfd, path, follow=False))

    def mkdir(self, task: Caller, path: int, mode: int) -> object:
        return self.mkdirat(task, AT_FDCWD, path, mode)

    def mkdirat(self, task: Caller, dirfd: int, path: int, mode: int) -> object:
        return self.make_folder(task, task.lookup(dirfd, path, follow=False), mode)

    def make_folder(self, task: Caller, place: Place, mode: int) -> object:
        """Answer a mkdir there."""
        return refuse_new(task, place)

    def rmdir(self, task: Caller, path: int) -> object:
        return self.unlinkat(task, AT_FDCWD, path, AT_REMOVEDIR)

    def unlink(self, task: Caller, path: int) -> object:
        return self.unlinkat(task, AT_FDCWD, path, 0)

    def unlinkat(self, task: Caller, dirfd: int, path: int, flags: int) -> object:
        return self.remove(task, task.lookup(dirfd, path, follow=False), flags)

    def remove(self, task: Caller, place: Place, flags: int) -> object:
        """Answer an unlink of what is there."""
        return refuse(task, place)

    def rename(self, task: Caller, old: int, new: int) -> object:
        return self.renameat2(task, AT_FDCWD, old, AT_FDCWD, new, 0)

    def renameat(self, task: Caller, olddir: int, old: int, newdir: int, new: int) -> object:
        return self.renameat2(task, olddir, old, newdir, new, 0)

    def renameat2(
        self, task: Caller, olddir: int, old: int, newdir: int, new: int, flags: int
    ) -> object:
        source = task.lookup(olddir, old, follow=False)
        return self.move(task, source, lambda: task.lookup(newdir, new, follow=False), flags)

    def move(self, task: Caller, source: Place, target: Callable[[], Place], flags: int) -> object:
        """Answer a rename. target: called once at most, when nothing is wrong with the source."""
        refuse(task, source)
        return refuse_new(task, target())

    def link(self, task: Caller, old: int, new: int) -> object:
        return self.linkat(task, AT_FDCWD, old, AT_FDCWD, new, 0)

    def linkat(
        self, task: Caller, olddir: int, old: int, newdir: int, new: int, flags: int
    ) -> object:
        refuse(task, task.lookup(olddir, old, follow=False))
        return refuse_new(task, task.lookup(newdir, new, follow=False))

    def symlink(self, task: Caller, target: int, new: int) -> object:
        return self.symlinkat(task, target, AT_FDCWD, new)

    def symlinkat(self, task: Caller, target: int, newdir: int, new: int) -> object:
        return refuse_new(task, task.lookup(newdir, new, follow=False))
