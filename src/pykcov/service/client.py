"""The client of a device that another process shows."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any
from weakref import WeakSet

from pykcov import forks
from pykcov.closing import Closing
from pykcov.device.area import whole_pages
from pykcov.probe import under
from pykcov.service.connection import Link
from pykcov.service.protocol import Kind
from pykcov.service.remote_trace import RemoteTrace
from pykcov.service.socket_descriptor import Collector, SocketDescriptor
from pykcov.symbols.store import SymbolStore

_IDLE_MOST = 16  # descriptors kept open for the next RemoteTrace
_devices: WeakSet[Device] = WeakSet()


class Device(Closing):
    """Another process's device. info: its description of itself. store: its symbol store.

    All its RemoteTraces share one connection. A new one is made if the process that showed the
    device has ended and another one shows it now.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._forked()
        _devices.add(self)
        self.info: dict[str, Any]
        self.store: SymbolStore
        self.link()

    def _forked(self) -> None:
        """Reset everything: in a forked child, a thread that no longer exists may hold the lock."""
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

    def open(self, recording_mode: str = "trace") -> SocketDescriptor:
        """Open it, as pykcov.open() does in its own process.

        recording_mode: "trace" or "blocks". Raises OSError: ENOENT if nothing is instrumented
        there, EMFILE if that process has no more file descriptors to spare. ValueError for an
        unknown recording mode. PykcovError: device-missing.
        """
        return SocketDescriptor(self.link(), recording_mode)

    def remote(
        self,
        handle: int | str,
        size: int = 1 << 16,
        *,
        recording_mode: str = "trace",
        timeout: float = 5.0,
        comparisons: bool = False,
    ) -> RemoteTrace:
        """Return a context manager that collects the sections of `handle`.

        handle: as for handle_of(). size: of the area, in 64-bit words. recording_mode: "trace" or
        "blocks". timeout: seconds to wait at the end of the block for sections that have begun.
        comparisons: collect comparisons instead of blocks. Raises ValueError for an invalid handle.
        """
        kind = whole_pages(size), recording_mode, comparisons
        return RemoteTrace(self, handle, kind, timeout)

    # -- called by RemoteTrace --------------------------------------------------------------------

    def take(self, kind: tuple[int, str, bool]) -> Collector:
        """Return a free collector. Raises as open() does."""
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
        """Return a collector, which must be disabled, for another RemoteTrace to use."""
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
        """Close the connection, and with it its descriptors."""
        under(self._lock, self._close)

    def _close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._idle.clear()

    def __repr__(self) -> str:
        return f"<pykcov.Device {self.name} pid={self.info['pid']}>"


def connect(name: str) -> Device:
    """Return the device that a process of this user shows as `name`.

    Raises PykcovError: device-missing, device-name, device-directory. OSError: EMFILE if that
    process has no more file descriptors to spare.
    """
    return Device(name)


def describe(name: str) -> dict[str, Any]:
    """Return a device's description of itself. Raises PykcovError: device-missing."""
    link = Link(name, Kind.LOOK)
    link.close()
    return link.info


def _after_fork() -> None:
    for device in _devices:
        device._forked()


forks.in_child(_after_fork)
