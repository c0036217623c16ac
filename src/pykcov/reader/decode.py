"""Reads PCs from an area's words, or from a raw trace."""

from __future__ import annotations

import mmap
import re
from array import array
from collections.abc import Iterable, Iterator

_PC = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,16}")  # int() takes more: _, signs, digits of any script


class Records:
    """The records in an area that is still being written. The views are made only once, for fuzzing
    loops ("store 0, call, load") with a million reads a second."""

    def __init__(self, words: mmap.mmap | memoryview) -> None:
        self._octets = memoryview(words)
        self._view = self._octets.cast("Q")
        self._most = len(self._view) - 1

    def pcs(self) -> array[int]:
        """Return the PCs so far, in order.

        A count larger than the area (clients may store anything) means a full area.
        """
        count = self._view[0]
        out = array("Q")
        if count:
            out.frombytes(self._octets[8 : 8 * (min(count, self._most) + 1)])
        return out

    def compared(self) -> list[tuple[int, int, int, int]]:
        """Return no comparison records, because this area holds PCs."""
        return []

    def clear(self) -> None:
        """Discard the records so far: store 0 into the count, as kcov clients do."""
        self._view[0] = 0


def pc_of(text: str) -> int | None:
    """Parse a line of a raw trace, a PC in hexadecimal, with or without 0x; None if malformed."""
    return int(text, 16) if _PC.fullmatch(text) else None


def raw(pcs: Iterable[int]) -> Iterator[str]:
    """Yield the lines of a raw trace."""
    for pc in pcs:
        yield f"{pc:#x}\n"
