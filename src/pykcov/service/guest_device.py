"""Another process's device, shown to the guests of this process."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable
from weakref import WeakKeyDictionary

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_REMOTE_ENABLE
from pykcov.device.ioctls import ENABLES
from pykcov.device.task import Task
from pykcov.errors import PykcovError, fail
from pykcov.service.connection import Link
from pykcov.service.protocol import Kind
from pykcov.service.socket_descriptor import SocketDescriptor

_numbers = itertools.count(1)
_number_of: WeakKeyDictionary[Task, int] = WeakKeyDictionary()


class GuestDescriptor:
    """An open descriptor of the device `name`, used by tasks of a kernel in this process.

    owner: the task that has enabled it, as far as this process knows. The device is notified when
    the task ends (pykcov.device.task.TaskKcov).
    """

    def __init__(self, name: str, recording_mode: str) -> None:
        self._link = Link(name, Kind.CLIENT)  # its own: a guest's process that dies closes it
        self.owner: Task | None = None
        try:
            self._opened = SocketDescriptor(self._link, recording_mode)
            self._area = self._opened.area()
        except BaseException:
            self._link.close()
            raise

    def ioctl(self, request: int, arg: int | bytes, *, task: Task) -> int:
        """Forward the ioctl. Raises OSError: the device's, or ECONNRESET if it has ended."""
        number = _number_of.get(task)
        if number is None:
            number = _number_of[task] = next(_numbers)
        self._opened.ioctl_of(number, request, arg)
        if request in (*ENABLES, KCOV_REMOTE_ENABLE):
            self.owner, task.kcov = task, self
        elif request == KCOV_DISABLE:
            self.owner = task.kcov = None
        return 0

    def check_mmap(self, length: int, offset: int) -> None:
        """Raise what mmap() would. Raises OSError."""
        self._opened.check_mmap(length, offset)

    def fileno(self) -> int:
        """Return the file descriptor of the area's memfd."""
        return self._area

    def close(self) -> None:
        """Close it. Unlike with a file, this ends its tasks."""
        if self.owner is not None:
            self.owner.kcov = None
            self.owner = None
        os.close(self._area)
        self._link.close()

    # -- called by the task -----------------------------------------------------------------------

    def task_exit(self, task: Task) -> None:
        """Called when the owner has ended."""
        self.owner = task.kcov = None
        with contextlib.suppress(OSError):  # the service has gone, and all is over there
            self._opened.exit_of(_number_of[task])

    def task_forked(self) -> None:
        """Does nothing in a forked child: it has no guests."""

    def task_resumed(self, task: Task) -> None:  # noqa: ARG002
        """Tasks of other processes' devices are not saved."""
        raise fail(errno.EOPNOTSUPP)


def opener(name: str) -> Callable[[str], GuestDescriptor]:
    """Return a function that opens the device `name` with a recording mode."""

    def opened(recording_mode: str) -> GuestDescriptor:
        try:
            return GuestDescriptor(name, recording_mode)
        except PykcovError:
            raise fail(errno.ENOENT) from None  # no process shows it any more

    return opened
