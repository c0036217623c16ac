"""/sys/kernel/debug/kcov as guests see it: control in ioctls, the area native in their memory."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pykcov.abi.kcov import KCOV_REMOTE_ENABLE
from pykcov.device.descriptor import Descriptor
from pykcov.device.remote_arg import RemoteArg
from pykcov.device.task import Task
from pykcov.errors import PykcovError, fail
from pykcov.guest.guest_task import GuestTask
from pykcov.kernel.files import Directory
from pykcov.kernel.interface import HOST, Caller, Node, OpenFile, reopen
from pykcov.kernel.kernel import Kernel
from pykcov.symbols.active import in_force

FOLDER = "/sys/kernel/debug"
NAME = "kcov"


class Opened(Protocol):
    """An open descriptor of the device, of this process or another: see device.descriptor."""

    @property
    def owner(self) -> Task | None: ...
    def ioctl(self, request: int, arg: int | bytes, *, task: Task) -> int: ...
    def check_mmap(self, length: int, offset: int) -> object: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


# Opens another process's device with the given recording mode. Raises OSError.
OpenDevice = Callable[[str], Opened]


class KcovFile(Node):
    """The device file. That of this process exists while something is instrumented (gVisor's
    KcovAvailable)."""

    def __init__(self, recording_mode: str, device: OpenDevice | None) -> None:
        super().__init__(0o600)
        self._recording_mode, self._device = recording_mode, device

    def exists(self) -> bool:
        return self._device is not None or in_force()

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        opened: Opened
        if self._device is not None:
            opened = self._device(self._recording_mode)
        else:
            opened = Descriptor(self._recording_mode, f"{NAME}:{task.tid}")
        return OpenKcov(self, flags, path, opened)


class DebugDirectory(Directory):
    """/sys/kernel/debug: the host's own, unless there is something to show in its place."""

    def exists(self) -> bool:
        return any(node.exists() for node in self.entries.values())


class OpenKcov(OpenFile):
    """One open of it. Its placeholder is the area's memfd, so that a mapping of it is the area."""

    def __init__(self, node: Node, flags: int, path: str, descriptor: Opened) -> None:
        super().__init__(node, flags, path)
        self.descriptor = descriptor

    def placeholder(self) -> int:
        try:
            return reopen(self.descriptor.fileno(), self.host_flags)
        except OSError:
            self.descriptor.close()
            raise

    def release(self) -> None:
        self.descriptor.close()

    def ioctl(self, task: Caller, request: int, arg: int) -> object:
        assert isinstance(task, GuestTask)
        owner = self.descriptor.owner
        if owner is not None and owner is not task:
            task.supervisor.end_if_dead(owner)
        value: int | bytes = arg
        if request == KCOV_REMOTE_ENABLE:
            try:
                value = task.read(arg, RemoteArg.size_of(task.read(arg, RemoteArg.SIZE)))
            except PermissionError:
                raise fail(errno.EFAULT) from None
        return self.descriptor.ioctl(request, value, task=task)

    def mmap(self, task: Caller, length: int, offset: int) -> object:
        self.descriptor.check_mmap(length, offset)
        return HOST


@contextmanager
def device_in(
    kernel: Kernel, recording_mode: str, device: OpenDevice | None = None, paths: Iterable[str] = ()
) -> Iterator[None]:
    """Have a kernel show the device, unless it shows something of its own in that place.

    paths: where the device is shown, too. Raises PykcovError: device-path.
    """
    node = KcovFile(recording_mode, device)
    shown: list[str] = []
    try:
        if FOLDER not in kernel.files:
            kernel.files[FOLDER] = DebugDirectory({NAME: node}, 0o700)
            shown.append(FOLDER)
        for path in dict.fromkeys(paths):
            if (covering := kernel.files.covering(path)) is not None:
                why = f"the kernel already shows {covering} there"
                raise PykcovError("device-path", f"the device cannot be at {path}: {why}")
            try:
                kernel.files[path] = node
            except ValueError as error:
                raise PykcovError("device-path", str(error)) from error
            shown.append(path)
        yield
    finally:
        for path in shown:
            del kernel.files[path]
