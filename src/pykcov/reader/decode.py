"""From an area's words, or a raw trace's text, to PCs."""

from __future__ import annotations

import mmap
import re
from array import array
from collections.abc import Iterable, Iterator

_PC = re.compile(r"(?:0[xX])?[0-9a-fA-F]{1,16}")  # int() takes more: _, signs, digits of any script


def pcs(words: mmap.mmap | memoryview) -> array[int]:
    """Return the PCs that an area holds, in order.

    A count larger than the area (clients may store anything) is taken for a full area.
    """
    with memoryview(words) as raw, raw.cast("B") as octets, octets.cast("Q") as view:
        count = min(view[0], len(view) - 1)
        out = array("Q")
        out.frombytes(octets[8 : 8 * (count + 1)])
    return out


def is_full(words: mmap.mmap | memoryview) -> bool:
    """Is there no room for another record?"""
    with memoryview(words) as raw, raw.cast("B") as octets, octets.cast("Q") as view:
        return view[0] >= len(view) - 1


def pc_of(text: str) -> int | None:
    """Return the PC that a line of a raw trace is, hexadecimal with 0x or without, or None."""
    return int(text, 16) if _PC.fullmatch(text) else None


def raw(pcs: Iterable[int]) -> Iterator[str]:
    """Yield the lines of a raw trace."""
    for pc in pcs:
        yield f"{pc:#x}\n"
