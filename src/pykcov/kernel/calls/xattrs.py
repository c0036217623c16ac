"""Extended attributes: files that a kernel shows have none."""

from __future__ import annotations

import errno
from collections.abc import Callable

from pykcov.abi.stat import AT_FDCWD
from pykcov.errors import fail
from pykcov.kernel.calls.descriptors import opened
from pykcov.kernel.calls.opening import search
from pykcov.kernel.interface import HOST, Caller


def _refuse(task: Caller, path: int, follow: bool = True) -> object:
    place = task.lookup(AT_FDCWD, path, follow=follow)
    if place.is_host:
        return HOST
    search(task, place)
    raise fail(errno.ENOTSUP)


def _refuse_open(task: Caller, fd: int) -> object:
    if opened(task, fd) is None:
        return HOST
    raise fail(errno.ENOTSUP)


class Xattrs:
    """A part of Kernel."""

    def getxattr(self, task: Caller, path: int) -> object:
        return _refuse(task, path)

    def lgetxattr(self, task: Caller, path: int) -> object:
        return _refuse(task, path, follow=False)

    def fgetxattr(self, task: Caller, fd: int) -> object:
        return _refuse_open(task, fd)

    setxattr = removexattr = getxattr
    lsetxattr = lremovexattr = lgetxattr
    fsetxattr = fremovexattr = fgetxattr

    def listxattr(self, task: Caller, path: int) -> object:
        return self._empty(_refuse, task, path)

    def llistxattr(self, task: Caller, path: int) -> object:
        return self._empty(_refuse, task, path, False)

    def flistxattr(self, task: Caller, fd: int) -> object:
        return self._empty(_refuse_open, task, fd)

    @staticmethod
    def _empty(refuse: Callable[..., object], *args: object) -> object:
        """No attribute is an empty list, and no error."""
        try:
            return refuse(*args)
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            return 0
