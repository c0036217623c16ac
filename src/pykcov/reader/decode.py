"""From an area's words, or a raw trace's text, to PCs."""

from __future__ import annotations

import mmap
from array import array
from collections.abc import Iterable, Iterator


class Records:
    """The records of an area that go on coming. Its views are made once: a reader in a loop of
    "store 0, call, load" asks a million times a second."""

    def __init__(self, words: mmap.mmap) -> None:
        self._words = words
        self._octets = memoryview(words)
        self._view = self._octets.cast("Q")
        self._most = len(self._view) - 1

    def pcs(self) -> array[int]:
        """Return the PCs so far, in order.

        A count larger than the area (clients may store anything) is taken for a full area.
        """
        count = self._view[0]
        out = array("Q")
        if count:
            out.frombytes(self._octets[8 : 8 * (min(count, self._most) + 1)])
        return out

    def clear(self) -> None:
        """Begin anew: store 0 into the count, as a client does."""
        self._view[0] = 0


def pc_of(text: str) -> int | None:
    """Return the PC that a line of a raw trace is, hexadecimal with 0x or without, or None."""
    try:
        pc = int(text, 16)
    except ValueError:
        return None
    return pc if 0 <= pc < 2**64 else None


def raw(pcs: Iterable[int]) -> Iterator[str]:
    """Yield the lines of a raw trace."""
    for pc in pcs:
        yield f"{pc:#x}\n"
