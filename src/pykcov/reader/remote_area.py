"""A socket descriptor's memory, as the client reads it: two areas, with the control page between
them. probe/csrc/control.h shows the layout, service/protocol.py describes each word."""

from __future__ import annotations

import mmap
from array import array
from typing import NamedTuple

from pykcov.reader.comparisons import Compared, Record, room
from pykcov.reader.decode import Records

_GENERATION, _SEPARATE, _HOLDS, _COUNTED, _BEGAN, _SETTLED, _OVER, _PUBLISHED = range(8)
_EVER = 11


class Sections(NamedTuple):
    """Counts of a generation's sections so far.

    began: sections that have begun. settled: of these, those that have ended or published for the
    first time (a request does so before its last byte). over: those that have ended. published:
    those whose records are in the area. Sections that are missing or incomplete: overflowed, if the
    area or their own memory had no room; lost, if their process was killed or had no memory; late,
    if they belong to an earlier generation and were dropped; disabled, if they had not ended when
    collecting stopped.
    """

    began: int = 0
    settled: int = 0
    over: int = 0
    published: int = 0
    overflowed: int = 0
    lost: int = 0
    late: int = 0
    disabled: int = 0


class RemoteArea:
    """Two areas of `size` words each, in whole pages, in `memory`."""

    def __init__(self, memory: mmap.mmap, size: int, comparisons: bool) -> None:
        octets = memoryview(memory)
        kind = Compared if comparisons else Records
        self._area = kind(octets[: 8 * size])
        self._control = octets[8 * size : 8 * size + mmap.PAGESIZE].cast("Q")
        self._after = kind(octets[8 * size + mmap.PAGESIZE : 16 * size + mmap.PAGESIZE])
        self._control[_SEPARATE] = 1
        self._full = room(size) if comparisons else size - 1

    def begin(self) -> None:
        """Begin a new generation, which drops sections that began before. Sends no message."""
        self._area.clear()
        self._control[_GENERATION] = (self._control[_GENERATION] + 1) % (1 << 64)

    @property
    def _is_there(self) -> bool:
        """Has anything of this generation been published?"""
        return self._control[_HOLDS] == self._control[_GENERATION]

    def pcs(self, after: bool) -> array[int]:
        """Return the PCs so far. after: append those of after-work."""
        if not self._is_there:
            return array("Q")
        found = self._area.pcs()
        return found + self._after.pcs() if after else found

    def compared(self, after: bool) -> list[Record]:
        """Return the comparison records so far, as pcs() does."""
        if not self._is_there:
            return []
        found = self._area.compared()
        return found + self._after.compared() if after else found

    def sections(self) -> Sections:
        """Return the counts of this generation's sections."""
        if self._control[_COUNTED] != self._control[_GENERATION]:
            return Sections()
        over, settled = self._control[_OVER], self._control[_SETTLED]
        began = self._control[_BEGAN]  # read last: if another count equals it, that count is final
        return Sections(began, settled, over, *self._control[_PUBLISHED:_EVER].tolist())

    @property
    def ever(self) -> int:
        """Number of sections in all generations since it was enabled."""
        return self._control[_EVER]
