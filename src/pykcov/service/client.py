"""The client of a device that another process shows."""

from __future__ import annotations

import errno
import itertools
import os
import threading
from contextlib import suppress
from mmap import PROT_READ, PROT_WRITE, mmap
from pathlib import Path
from typing import Any
from weakref import WeakSet

from pykcov import forks
from pykcov.abi.kcov import KCOV_INIT_TRACE, WORD
from pykcov.area import map_words, whole_pages, with_control
from pykcov.closing import Closing
from pykcov.errors import fail
from pykcov.probe import Kept, under
from pykcov.reader import kept
from pykcov.service.link import Link
from pykcov.service.protocol import Kind, Type
from pykcov.service.remote_trace import RemoteTrace
from pykcov.store import SymbolStore

_tasks = itertools.count(1 << 32)  # no thread's number
_IDLE_MOST = 16  # descriptors that are kept open for the next RemoteTrace
_devices: WeakSet[Device] = WeakSet()


class SocketDescriptor(Closing):
    """An open descriptor of another process's device; what pykcov.open() gives, over a socket.

    number: which one of its connection; 0 when it is closed.
    """

    def __init__(self, link: Link, discipline: str = "trace", task: int | None = None) -> None:
        """task: the number of the task that ioctls are for; the calling thread's, if None.

        Raises OSError: ENOENT when nothing is instrumented there, EMFILE when the process has no
        more files to give.
        """
        if discipline not in ("trace", "blocks"):
            raise ValueError(f"discipline must be 'trace' or 'blocks', not {discipline!r}")
        self._link, self._task = link, task
        self.number = 0
        link.open(discipline == "blocks", self)

    def ioctl(self, request: int, arg: int | bytes = 0) -> int:
        """Do `request` and return 0. Raises OSError."""
        number = threading.get_native_id() if self._task is None else self._task
        return self.ioctl_of(number, request, arg)

    def ioctl_of(self, number: int, request: int, arg: int | bytes = 0) -> int:
        """ioctl(), for the task with that number. Raises OSError."""
        word, payload = (0, arg) if isinstance(arg, bytes) else (arg & 2**64 - 1, b"")
        self._request(Type.IOCTL, request & 0xFFFFFFFF, word, number, payload)
        return 0

    def exit_of(self, number: int) -> None:
        """The task with that number is over. Raises OSError."""
        self._request(Type.EXIT, 0, 0, number)

    def check_mmap(self, length: int, offset: int) -> None:
        """Raise what mmap() would, short of ENOMEM."""
        self._request(Type.MMAP, length, offset, files=1)

    def area(self) -> int:
        """Return a new file descriptor of the area, also before KCOV_INIT_TRACE. Raises OSError."""
        (file,) = self._request(Type.AREA, files=1)[1]
        return os.dup(file.fileno())

    def kept(self, size: int, comparisons: bool) -> kept.Kept:
        """Map all of the descriptor's memory, of an area of `size` words. Raises OSError."""
        memory = self._map(size * WORD, 0, with_control(size), PROT_READ | PROT_WRITE)
        return kept.Kept(memory, size, comparisons)

    def _map(self, length: int, offset: int, words: int, prot: int) -> mmap:
        (file,) = self._request(Type.MMAP, length, offset, files=1)[1]
        if os.fstat(file.fileno()).st_size < words * WORD:  # to read behind its end is SIGBUS
            raise fail(errno.EPROTO)
        return map_words(file.fileno(), words, prot)

    def mmap(self, length: int, prot: int = PROT_READ | PROT_WRITE, offset: int = 0) -> mmap:
        """Map the area; `length` in bytes. It can be read when the other process has gone."""
        if length <= 0 or offset < 0:
            raise fail(errno.EINVAL)
        return self._map(length, offset, -(-length // WORD), prot)

    def unsettled(self) -> int:
        """Number of sections that have begun and have published nothing yet; those of processes
        that have died are taken for lost before."""
        return self._request(Type.STATUS)[0]

    def _request(
        self, kind: Type, a: int = 0, b: int = 0, c: int = 0, payload: bytes = b"", files: int = 0
    ) -> tuple[int, list[Kept]]:
        if not self.number:  # 0 is the connection's first descriptor
            raise fail(errno.EBADF)
        word, _, found = self._link.request(kind, a, b, c, self.number, payload, files=files)
        return word, found

    def close(self) -> None:
        """Close it, which ends its tasks. Twice is once."""
        with suppress(ConnectionResetError):  # the service has gone, and so has this
            self._link.close_of(self)


class Collector:
    """A descriptor and its memory, for one RemoteTrace after the other."""

    def __init__(self, link: Link, size: int, discipline: str, comparisons: bool) -> None:
        """size: words of the area, whole pages. Raises OSError."""
        self.link = link
        self.kind = size, discipline, comparisons
        self.descriptor = SocketDescriptor(link, discipline, next(_tasks))
        try:
            self.descriptor.ioctl(KCOV_INIT_TRACE, size)
            self.kept = self.descriptor.kept(size, comparisons)
        except BaseException:
            self.descriptor.close()
            raise


class Device(Closing):
    """Another process's device. info: what it told of itself.

    All its RemoteTraces share one connection. It is made again when the process that showed the
    device has gone, and another one shows it by now.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._forked()
        _devices.add(self)
        self.info: dict[str, Any]
        self.store: SymbolStore
        self.link()

    def _forked(self) -> None:
        """Begin with nothing: in a forked child, a thread that isn't there may hold the lock."""
        self._lock = threading.Lock()  # guards _link and _idle
        self._link: Link | None = None
        self._idle: list[Collector] = []

    def link(self) -> Link:
        """Return the connection. Raises PykcovError: device-missing."""
        return under(self._lock, self._present_link)

    def _present_link(self) -> Link:
        link = self._link
        if link is None or not link.is_usable or not link.lives():
            self._idle.clear()
            self._link = link = Link(self.name, Kind.CLIENT)
            self.info, self.store = link.info, SymbolStore(Path(link.info["store"]))
        return link

    def open(self, discipline: str = "trace") -> SocketDescriptor:
        """Open it, as pykcov.open() does in process.

        Raises OSError: ENOENT when nothing is instrumented there, EMFILE when the process has no
        more files to give. PykcovError: device-missing.
        """
        return SocketDescriptor(self.link(), discipline)

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
        kind = whole_pages(size), discipline, comparisons
        return RemoteTrace(self, handle, kind, timeout)

    # -- called by RemoteTrace --------------------------------------------------------------------

    def take(self, kind: tuple[int, str, bool]) -> Collector:
        """Return a collector that nobody uses. Raises as open() does."""
        link = self.link()
        if (idle := under(self._lock, self._idle_of, link, kind)) is not None:
            return idle
        try:
            return Collector(link, *kind)
        except OSError as error:
            if error.errno != errno.EMFILE or not self._close_idle():
                raise
            return Collector(link, *kind)

    def _idle_of(self, link: Link, kind: tuple[int, str, bool]) -> Collector | None:
        for n, idle in enumerate(self._idle):
            if idle.kind == kind and idle.link is link:
                return self._idle.pop(n)
        return None

    def give_back(self, collector: Collector) -> None:
        """It is disabled, and may be used by another."""
        if not under(self._lock, self._keep, collector):
            collector.descriptor.close()

    def _keep(self, collector: Collector) -> bool:
        there_is_room = collector.link is self._link and len(self._idle) < _IDLE_MOST
        if there_is_room:
            self._idle.append(collector)
        return there_is_room

    def _close_idle(self) -> bool:
        idle = under(self._lock, self._none_idle)
        for collector in idle:
            collector.descriptor.close()
        return bool(idle)

    def _none_idle(self) -> list[Collector]:
        idle, self._idle = self._idle, []
        return idle

    def close(self) -> None:
        """Close the connection, and so the descriptors of it."""
        under(self._lock, self._close)

    def _close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._idle.clear()

    def __repr__(self) -> str:
        return f"<pykcov.Device {self.name} pid={self.info['pid']}>"


def connect(name: str) -> Device:
    """Return the device that a process of this user shows as `name`.

    Raises PykcovError: device-missing, device-name, device-directory. OSError: EMFILE when that
    process has no more files to give.
    """
    return Device(name)


def describe(name: str) -> dict[str, Any]:
    """What a device tells of itself. Raises PykcovError: device-missing."""
    link = Link(name, Kind.LOOK)
    link.close()
    return link.info


def _after_fork() -> None:
    for device in _devices:
        device._forked()


forks.in_child(_after_fork)
