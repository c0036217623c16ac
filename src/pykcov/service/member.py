"""A process of a service that shows its device in another one: forked from it, or started by it.

Its sections are published by itself, into areas that it maps when it first meets a handle. So there
is no message while requests are served.
"""

from __future__ import annotations

import mmap
import os
import threading

from pykcov.area import map_words
from pykcov.device import sections
from pykcov.device.sections import Registration
from pykcov.errors import PykcovError
from pykcov.probe import Shared, quiet
from pykcov.service.link import Link
from pykcov.service.protocol import Kind, Type
from pykcov.service.table import Table

_SIZE = (1 << 63) - 1
_MOST = 4096  # descriptors that are kept mapped


class Elsewhere:
    """A kcov of another process, as a section needs it."""

    def __init__(self, area: int, page: int, blocks: bool) -> None:
        self.shared = Shared(page, True)
        self.discipline = "blocks" if blocks else "trace"
        self.dropped = False
        size = os.fstat(area).st_size // 8
        self._words = map_words(area, size)

    def words(self) -> mmap.mmap:
        return self._words


class Member:
    """This process's part in the device `name`."""

    def __init__(self, name: str, table: Table | None = None) -> None:
        """table: inherited over fork. Raises PykcovError as Link does."""
        self.name = name
        self._lock = threading.Lock()
        self._process = os.getpid() if table is None else -1
        self._link = Link(name, Kind.MEMBER) if table is None else None
        self._table = table or Table(self._request(Type.TABLE, 0)[1][0])
        self._met: dict[int, Registration] = {}

    def _request(self, kind: Type, word: int) -> tuple[int, list[int]]:
        if self._link is None or self._process != os.getpid():  # a forked child has its own
            self._link, self._process = Link(self.name, Kind.MEMBER), os.getpid()
        found, _, fds = self._link.request(kind, word)
        return found, fds

    def find(self, handle: int) -> Registration | None:
        """Return what a handle is registered with, on whatever descriptor of the device."""
        value = self._table.get(handle)
        if value is None:
            return None
        found = self._met.get(value)
        if found is None:
            found = self._meet(value)
        return found if found is not None and found.holds() else None

    def _meet(self, value: int) -> Registration | None:
        with quiet, self._lock:
            try:
                size, (area, page) = self._request(Type.FETCH, value >> 32)
            except (OSError, PykcovError):
                return None  # closed meanwhile, or the device is gone
            try:
                kcov = Elsewhere(area, page, bool(size >> 63))
            except (OSError, ValueError):
                return None
            finally:
                os.close(area)
                os.close(page)
            if len(self._met) >= _MOST:
                self._met.clear()
            made = self._met[value] = Registration(kcov, size & _SIZE)
            return made


def join(member: Member) -> None:
    """Have this process's sections look their handles up there, too."""
    sections.elsewhere = member.find
