"""The memory of a socket's descriptor, as its client reads it: two areas, and the control page
between them. probe/csrc/control.h draws it, service/protocol.py says what each word is."""

from __future__ import annotations

import mmap
from array import array
from typing import NamedTuple

from pykcov.reader.comparisons import Compared, Record, room
from pykcov.reader.decode import Records

_GENERATION, _SEPARATE, _HOLDS, _COUNTED, _BEGAN, _SETTLED, _OVER, _PUBLISHED = range(8)
_EVER = 11


class Sections(NamedTuple):
    """What became of a generation's sections, so far.

    began: that began. settled: of these, those that have published for the first time, which for a
    request is before its last byte, or are over. over: those that are. published: those that had
    records, which are in the area. dropped: overflowed, for whose records the area or their own
    memory had no room; lost, whose process was killed, or had no memory for their records; late,
    which are of earlier generations and were dropped since this one began; disabled, which were not
    over when collecting ended.
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
    """Areas of `size` words each, whole pages of them, in `memory`."""

    def __init__(self, memory: mmap.mmap, size: int, comparisons: bool) -> None:
        octets = memoryview(memory)
        kind = Compared if comparisons else Records
        self._area = kind(octets[: 8 * size])
        self._control = octets[8 * size : 8 * size + mmap.PAGESIZE].cast("Q")
        self._after = kind(octets[8 * size + mmap.PAGESIZE : 16 * size + mmap.PAGESIZE])
        self._control[_SEPARATE] = 1
        self._full = room(size) if comparisons else size - 1

    def begin(self) -> None:
        """Begin a new generation: what began before is dropped. No message is sent."""
        self._area.clear()
        self._control[_GENERATION] = (self._control[_GENERATION] + 1) % (1 << 64)

    @property
    def _is_there(self) -> bool:
        """Has anything of this generation been published?"""
        return self._control[_HOLDS] == self._control[_GENERATION]

    def pcs(self, after: bool) -> array[int]:
        """Return the PCs so far. after: those of after-work behind the others."""
        if not self._is_there:
            return array("Q")
        found = self._area.pcs()
        return found + self._after.pcs() if after else found

    def compared(self, after: bool) -> list[Record]:
        """Return the records of comparisons so far, likewise."""
        if not self._is_there:
            return []
        found = self._area.compared()
        return found + self._after.compared() if after else found

    def sections(self) -> Sections:
        """Return the counts of this generation's sections."""
        if self._control[_COUNTED] != self._control[_GENERATION]:
            return Sections()
        over, settled = self._control[_OVER], self._control[_SETTLED]
        began = self._control[_BEGAN]  # last: where it is equal to one of them, that was all
        return Sections(began, settled, over, *self._control[_PUBLISHED:_EVER].tolist())

    @property
    def ever(self) -> int:
        """Sections of all generations since it was enabled."""
        return self._control[_EVER]
