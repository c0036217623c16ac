"""The client of a device that another process shows."""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import threading
import time
from array import array
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_INIT_TRACE,
    KCOV_REMOTE_ENABLE,
    KCOV_TRACE_CMP,
    KCOV_TRACE_PC,
    WORD,
)
from pykcov.area import map_words, whole_pages
from pykcov.closing import Closing
from pykcov.device.remote import RemoteArg
from pykcov.errors import fail
from pykcov.reader.comparisons import Compared, Comparison, Record, room
from pykcov.reader.comparisons import comparisons as join
from pykcov.reader.decode import Records
from pykcov.reader.symbolize import symbolize
from pykcov.remoting import handle_of
from pykcov.service.link import Link
from pykcov.service.protocol import Kind, Type
from pykcov.store import SymbolStore
from pykcov.symbols import Block

_tasks = itertools.count(1 << 32)  # no thread's number
_collected: dict[int, int | str] = {}  # handles of this process's RemoteTraces, and their names
_LOOK = 0.001  # seconds between two questions whether all sections are published


class SocketDescriptor(Closing):
    """An open descriptor of another process's device; what pykcov.open() gives, over a socket."""

    def __init__(self, name: str, discipline: str = "trace", task: int | None = None) -> None:
        """task: the number of the task that ioctls are for; the calling thread's, if None."""
        if discipline not in ("trace", "blocks"):
            raise ValueError(f"discipline must be 'trace' or 'blocks', not {discipline!r}")
        self._task = task
        self._link = Link(name, Kind.CLIENT, discipline == "blocks")

    def ioctl(self, request: int, arg: int | bytes = 0) -> int:
        """Do `request` and return 0. Raises OSError."""
        number = threading.get_native_id() if self._task is None else self._task
        return self.ioctl_of(number, request, arg)

    def ioctl_of(self, number: int, request: int, arg: int | bytes = 0) -> int:
        """ioctl(), for the task with that number. Raises OSError."""
        word, payload = (0, arg) if isinstance(arg, bytes) else (arg & 2**64 - 1, b"")
        self._link.request(Type.IOCTL, request & 0xFFFFFFFF, word, number, payload)
        return 0

    def exit_of(self, number: int) -> None:
        """The task with that number is over. Raises OSError."""
        self._link.request(Type.EXIT, 0, 0, number)

    def check_mmap(self, length: int, offset: int) -> None:
        """Raise what mmap() would, short of ENOMEM."""
        for fd in self._link.request(Type.MMAP, length, offset)[2]:
            os.close(fd)

    def area(self) -> int:
        """Return a new file descriptor of the area, also before KCOV_INIT_TRACE. Raises OSError."""
        return self._link.request(Type.AREA)[2][0]

    def mmap(
        self, length: int, prot: int = mmap.PROT_READ | mmap.PROT_WRITE, offset: int = 0
    ) -> mmap.mmap:
        """Map the area; `length` in bytes. It can be read when the other process has gone."""
        if length <= 0 or offset < 0:
            raise fail(errno.EINVAL)
        _, _, fds = self._link.request(Type.MMAP, length, offset)
        try:
            return map_words(fds[0], -(-length // WORD), prot)
        finally:
            os.close(fds[0])

    def live(self) -> int:
        """Number of sections that have begun and are not published."""
        return self._link.request(Type.STATUS)[0]

    def close(self) -> None:
        """Close it, which ends its tasks. Twice is once."""
        self._link.close()


class RemoteTrace:
    """In `with`: collects the sections of one handle. name: the handle, as it was given.

    Leaving waits until those that have begun are published, for `timeout` seconds at most, and then
    disables. complete: were they, and did all of it fit?
    """

    def __init__(self, name: str, store: SymbolStore, handle: int | str, size: int, discipline: str,
                 timeout: float, comparisons: bool) -> None:  # fmt: skip
        self._device, self._store = name, store
        self.name, self._handle = handle, handle_of(handle)
        self.size = whole_pages(size)
        self._discipline, self._timeout = discipline, timeout
        self._descriptor: SocketDescriptor | None = None
        self._records: Records | None = None
        self._mode = KCOV_TRACE_CMP if comparisons else KCOV_TRACE_PC
        self._pcs = array("Q")
        self._compared: list[Record] = []
        self.complete = False

    def __enter__(self) -> Self:
        if self._descriptor is not None:
            raise fail(errno.EBUSY)
        # A thread may collect many handles at once, and a task has one kcov.
        descriptor = SocketDescriptor(self._device, self._discipline, next(_tasks))
        try:
            descriptor.ioctl(KCOV_INIT_TRACE, self.size)
            kind = Compared if self._mode == KCOV_TRACE_CMP else Records
            self._records = kind(descriptor.mmap(self.size * WORD))
            arg = RemoteArg(self._mode, min(self.size, 2**32 - 1), 0, (self._handle,))
            descriptor.ioctl(KCOV_REMOTE_ENABLE, arg.encode())
        except FileExistsError as error:
            descriptor.close()
            raise self._collected_already() from error
        except BaseException:
            descriptor.close()
            raise
        self._descriptor = descriptor
        _collected[self._handle] = self.name
        return self

    def _collected_already(self) -> OSError:
        """Say which handle it is, and if this process collects it, by what name."""
        text = f"the handle {self._handle:#x} of {self.name!r} is collected already"
        if (other := _collected.get(self._handle)) is not None:
            text += f", as that of {other!r}"
            text += "" if other == self.name else ", which has the same hash"
        return FileExistsError(errno.EEXIST, text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None or self._records is None:
            return
        _collected.pop(self._handle, None)
        with descriptor:
            try:
                self.complete = self._wait(descriptor)
                descriptor.ioctl(KCOV_DISABLE)
            except ConnectionResetError:
                self.complete = False  # the service has gone; what it published is there
        self._pcs, self._compared = self._records.pcs(), self._records.compared()
        self._records = None
        full = len(self._pcs) >= self.size - 1 or len(self._compared) >= room(self.size)
        self.complete = self.complete and not full

    def _wait(self, descriptor: SocketDescriptor) -> bool:
        deadline = time.monotonic() + self._timeout
        while descriptor.live():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK)
        return True

    def clear(self) -> None:
        """Begin anew: store 0 into the count."""
        if self._records is not None:
            self._records.clear()

    @property
    def pcs(self) -> array[int]:
        """The PCs published so far, in order; none with comparisons=True."""
        return self._pcs if self._records is None else self._records.pcs()

    @property
    def comparisons(self) -> list[Comparison]:
        """What was compared so far. Raises PykcovError as symbolize() does."""
        found = self._compared if self._records is None else self._records.compared()
        return list(join(found, self._store))

    @property
    def blocks(self) -> list[Block]:
        """The blocks they stand for. Raises PykcovError as symbolize() does."""
        return symbolize(self.pcs, self._store)


class Device:
    """Another process's device. info: what it tells of itself."""

    def __init__(self, name: str) -> None:
        self.name, self.info = name, describe(name)
        self._store = SymbolStore(Path(self.info["store"]))

    def open(self, discipline: str = "trace") -> SocketDescriptor:
        """Open it, as pykcov.open() does in process.

        Raises OSError: ENOENT when nothing is instrumented there. PykcovError: device-missing.
        """
        return SocketDescriptor(self.name, discipline)

    def remote(
        self,
        handle: int | str,
        size: int = 1 << 16,
        *,
        discipline: str = "trace",
        timeout: float = 5.0,
        comparisons: bool = False,
    ) -> RemoteTrace:
        """Collect the sections of `handle` in a `with`; size in words, timeout in seconds.

        comparisons: what they compared, and no blocks.
        """
        return RemoteTrace(self.name, self._store, handle, size, discipline, timeout, comparisons)

    def __repr__(self) -> str:
        return f"<pykcov.Device {self.name} pid={self.info['pid']}>"


def connect(name: str) -> Device:
    """Return the device that a process of this user shows as `name`.

    Raises PykcovError: device-missing, device-name, device-directory.
    """
    return Device(name)


def describe(name: str) -> dict[str, Any]:
    """What a device tells of itself. Raises PykcovError: device-missing."""
    link = Link(name, Kind.LOOK)
    link.close()
    return link.info
