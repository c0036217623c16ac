"""The table of handles: which descriptor collects a handle, in memory that processes share.

    word  0         1       2           3        4        5       6        7
          version   pairs   collector   watcher  handle   value   handle   value    ...

collector is the value of the descriptor that collects all threads, watcher that of the connection
that watches all sections, each or 0. A value says which connection, in the upper 32 bits, and which
of its ENABLEs.

Its one writer is the process whose device it is. A member keeps the table as a dictionary, and
reads it anew when the version has changed, so a lookup is one comparison and one look into a
dictionary. While the writer writes, the version is odd: a reader takes what it read for whole only
when the version was even, and the same, before and after.
"""

from __future__ import annotations

import mmap
import os
import time
from array import array
from collections.abc import Callable, Iterable

from pykcov.probe import Recorder, watch_device

MOST = 1 << 14  # handles
_COLLECTOR, _WATCHER, _PAIRS = 2, 3, 4
_SIZE = (_PAIRS + 2 * MOST) * 8
_ENABLES = (1 << 32) - 1
_PATIENCE = 1.0  # seconds to wait for a writer, which may have been killed in the middle


def value_of(number: int, sequence: int) -> int:
    """Return the value for an ENABLE of a descriptor: never 0, if descriptors count from 1."""
    return number << 32 | sequence & _ENABLES


def is_value_of(value: int, sequence: int) -> bool:
    """Is it the value of this ENABLE, of its descriptor?"""
    return value & _ENABLES == sequence & _ENABLES


def number_of(value: int) -> int:
    """Return the descriptor's number."""
    return value >> 32


class Table:
    """In the memory of the memfd `fd`, the first SIZE bytes of it (behind them: extent.py)."""

    SIZE = _SIZE

    def __init__(self, fd: int) -> None:
        self.fd = fd
        if os.fstat(fd).st_size < _SIZE:
            os.ftruncate(fd, _SIZE)
        self._words = memoryview(mmap.mmap(fd, _SIZE)).cast("Q")
        self.identity = os.fstat(fd).st_ino  # which device's it is
        self._read_last: tuple[int, dict[int, int]] = (-1, {})  # version, and what it says
        self._written: dict[int, int] = {}

    @staticmethod
    def make() -> Table:
        """Return a new, empty one."""
        return Table(os.memfd_create("pykcov-table", os.MFD_CLOEXEC))

    def get(self, handle: int) -> int | None:
        """Return the value of a handle."""
        version, pairs = self._read_last
        if self._words[0] != version:
            pairs = self._read()
        return pairs.get(handle)

    def _read(self) -> dict[int, int]:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            version = self._words[0]
            pairs = self._words[_PAIRS : _PAIRS + 2 * min(self._words[1], MOST)].tolist()
            if version % 2 == 0 and self._words[0] == version:
                found = dict(zip(pairs[::2], pairs[1::2], strict=True))
                self._read_last = version, found  # in one: threads may store theirs in any order
                return found
        self._read_last = (self._words[0], {})  # its writer was killed: nobody is collecting
        return {}

    # -- the writer --------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """Number of handles that could be added."""
        return MOST - len(self._written)

    def add(self, handles: Iterable[int], value: int) -> None:
        """Give handles, of which none is in the table, a value."""
        self._write(self._written | dict.fromkeys(handles, value))

    def forget(self, number: int) -> None:
        """Take a descriptor's handles out."""
        left = {h: v for h, v in self._written.items() if number_of(v) != number}
        if left != self._written:
            self._write(left)

    def _write(self, pairs: dict[int, int]) -> None:
        assert len(pairs) <= MOST
        self._written = pairs
        flat = array("Q", [word for pair in pairs.items() for word in pair])
        self._words[0] += 1
        self._words[1] = len(pairs)
        self._words[_PAIRS : _PAIRS + len(flat)] = memoryview(flat)
        self._words[0] += 1

    @property
    def collector(self) -> int:
        """The value of the descriptor that collects all threads, or 0."""
        return self._words[_COLLECTOR]

    @collector.setter
    def collector(self, value: int) -> None:
        self._words[_COLLECTOR] = value

    @property
    def watcher(self) -> int:
        """The value of the connection that watches all sections, or 0."""
        return self._words[_WATCHER]

    @watcher.setter
    def watcher(self, value: int) -> None:
        self._words[_WATCHER] = value

    def collects(self) -> bool:
        """Does a descriptor collect all threads?"""
        return self._words[_COLLECTOR] != 0

    def watch(self, changed: Callable[[int], Recorder | None]) -> None:
        """Have this process's threads recorded by what changed(collector) returns."""
        watch_device(self._words, _COLLECTOR, changed)

    def close(self) -> None:
        """Close the memfd; processes that have it map it on."""
        os.close(self.fd)
