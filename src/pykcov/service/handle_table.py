"""The table of handles: which descriptor collects a handle, in memory that processes share.

    word  0         1       2           3        4        5       6        7
          version   pairs   collector   watcher  handle   value   handle   value    ...

collector is the value of the descriptor that collects all threads, watcher that of the connection
that watches all sections; 0 if there is none. A value identifies a descriptor, in the upper 32
bits, and one of its ENABLEs.

The only writer is the process that shows the device; the memfd is sealed, so nobody else can write
to it or truncate it. Members keep the table as a dictionary, and read it again when the version has
changed, so a lookup costs one comparison and one dictionary look-up. The version is odd while the
writer writes: a read is consistent only if the version was even, and the same, before and after.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import time
from array import array
from collections.abc import Callable, Iterable

from pykcov.abi.kcov import WORD
from pykcov.device.area import map_words
from pykcov.errors import fail
from pykcov.probe import OwnFile, Recorder, watch_device

MOST = 1 << 14  # handles
_COLLECTOR, _WATCHER, _PAIRS = 2, 3, 4
_SIZE = (_PAIRS + 2 * MOST) * WORD
_FIXED = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
_FUTURE_WRITE = 0x10  # F_SEAL_FUTURE_WRITE: only what is mapped for writing now can be written to
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
    """In the memory of the memfd `file`. extent: a memfd that extent.py is about."""

    def __init__(self, file: OwnFile, extent: OwnFile, prot: int = mmap.PROT_READ) -> None:
        """Raises OSError: EPROTO if it is not a sealed table, which could be truncated."""
        fd = file.fileno()
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        if os.fstat(fd).st_size != _SIZE or seals & _FIXED != _FIXED:
            raise fail(errno.EPROTO)
        self._words = memoryview(map_words(fd, _SIZE // WORD, prot)).cast("Q")
        self.identity = os.fstat(fd).st_ino  # which device's it is
        self._read_last: tuple[int, dict[int, int]] = (-1, {})  # version, and what it says
        self._written: dict[int, int] = {}
        self._files = file, extent

    @staticmethod
    def make() -> Table:
        """Return a new, empty one."""
        file, extent = OwnFile.memfd("pykcov-table"), OwnFile.memfd("pykcov-extent")
        os.ftruncate(file.fileno(), _SIZE)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _FIXED)
        fcntl.fcntl(extent, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        made = Table(file, extent, mmap.PROT_READ | mmap.PROT_WRITE)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _FUTURE_WRITE | fcntl.F_SEAL_SEAL)
        return made

    @property
    def fds(self) -> list[int]:
        """The memfds from which another process makes a Table."""
        return [file.fileno() for file in self._files]

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
        self._read_last = (self._words[0], {})  # the writer was killed, so nobody collects
        return {}

    # -- the writer --------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """Number of handles that could be added."""
        return MOST - len(self._written)

    def add(self, handles: Iterable[int], value: int) -> None:
        """Set the value of handles that are not in the table yet."""
        self._write(self._written | dict.fromkeys(handles, value))

    def forget(self, number: int) -> None:
        """Remove a descriptor's handles."""
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
        """Record this process's threads with the recorder that changed(collector) returns."""
        watch_device(self._words, _COLLECTOR, changed)

    def close(self) -> None:
        """Close the memfds; processes that have mapped the table keep it."""
        for file in self._files:
            file.close()
