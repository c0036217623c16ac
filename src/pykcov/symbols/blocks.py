"""Blocks and the PCs that stand for them.

A PC is synthetic. The store (store.py) gives a range of block numbers to each text of a file:

    pc = PC_START + PC_SPACING * (number + 1)
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pykcov.abi.kcov import PC_SPACING, PC_START

# At the end of a FileSymbols' variant: it is of comparisons, which have PCs of their own, and its
# spans are no blocks. No option of the blocks is called that (instrumentation/options.py).
SITES = " sites"
# In a variant: a loader changed the code that the compiler makes of the text. Its blocks stand
# where that code says they do.
CHANGED = " changed"


# What a block begins with: the kind of its first instruction (bytecode/block_heads.py), or'ed with
# FALLEN where control can come to it from the block before, and with AGAIN where something jumps
# back to it; and where in the text that instruction is: column, last line, column behind it. Its
# line is the block's first.
Head = tuple[int, int, int, int]
FALLEN, AGAIN = 0x100, 0x200

# Before them, where a text is packed: no line, and no block.
_HEADS, _ARCS = 0xFFFFFFFF, 0xFFFFFFFE
_OUT = 0x80000000  # of an arc's end: out of the function that begins on this line


class _Unpacked(NamedTuple):
    spans: tuple[tuple[int, int, int, int, int], ...]
    lines: tuple[int, ...]
    implied: tuple[tuple[int, int], ...]
    heads: tuple[Head, ...]
    arcs: tuple[tuple[int, int, int], ...]


class Block(NamedTuple):
    """A basic block. Lines count from 1; columns count UTF-8 bytes from 0, the end being exclusive.

    `lines` are the lines with code that the block covers.
    """

    pc: int
    file: str
    function: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int
    lines: tuple[int, ...]

    def __str__(self) -> str:
        """Go's cover format, as gVisor prints it: columns count from 1."""
        return (
            f"{self.file}:{self.start_line}.{self.start_column + 1},"
            f"{self.end_line}.{self.end_column + 1}"
        )


@dataclass(frozen=True)
class FileSymbols:
    """What the store keeps of one text of one file."""

    path: str
    source: str
    magic: int
    optimize: int
    variant: str
    functions: tuple[str, ...]
    spans: tuple[tuple[int, int, int, int, int], ...]  # function, start, end
    lines: tuple[int, ...]  # sorted numbers of the lines that have code
    # Pairs: each execution of the first block tells one of the second, which has no probe of its
    # own at its head (instrumentation/bytecode/prune.py).
    implied: tuple[tuple[int, int], ...] = ()
    # Of each block, where blocks are single lines; or none. Spans behind the blocks are edges.
    heads: tuple[Head, ...] = ()
    # What tells that a branch went from a line to another: block or edge, and both lines; the last
    # one is negative where it went out of the function that begins there.
    arcs: tuple[tuple[int, int, int], ...] = ()

    @property
    def has_blocks(self) -> bool:
        """Are its spans blocks? Else they are comparisons."""
        return not self.variant.endswith(SITES)

    @property
    def as_compiled(self) -> bool:
        """Are its blocks those that the compiler makes of the text?"""
        return CHANGED.strip() not in self.variant.split()

    @property
    def blocks(self) -> int:
        """How many of its spans are blocks."""
        return len(self.heads) or len(self.spans)

    def pack(self) -> bytes:
        """Return all but the names, as stores hold it, before it is compressed."""
        words = [*chain.from_iterable(self.spans), *self.lines]
        if self.implied:
            words += [0, *(block for pair in self.implied for block in pair)]  # no line is 0
        if self.heads:
            words += [_HEADS, *chain.from_iterable(self.heads)]
        if self.arcs:
            words.append(_ARCS)
            for number, start, end in self.arcs:
                words += [number, start, end if end >= 0 else _OUT - end]
        return struct.pack(f"<{len(words)}I", *words)

    @staticmethod
    def unpack(packed: bytes, spans: int) -> _Unpacked:
        """Return what pack() has packed, of a text with so many blocks. Raises struct.error, and
        ValueError."""
        words = struct.unpack(f"<{len(packed) // 4}I", packed)
        rest = words[5 * spans :]
        rest, flat = _parted(rest, _ARCS)
        arcs = tuple(
            (number, start, end if end < _OUT else _OUT - end)
            for number, start, end in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        )
        rest, flat = _parted(rest, _HEADS)
        heads = tuple(zip(*(flat[n::4] for n in range(4)), strict=True))
        end = rest.index(0) if 0 in rest else len(rest)
        pairs = tuple(zip(rest[end + 1 :: 2], rest[end + 2 :: 2], strict=True))
        rows = tuple(words[n : n + 5] for n in range(0, 5 * spans, 5))
        if any(len(row) != 5 for row in rows) or any(max(pair) >= spans for pair in pairs):
            raise ValueError("its blocks are not whole")
        if len(heads) > spans or any(number >= spans for number, *_ in arcs):
            raise ValueError("what its blocks begin with is not whole")
        return _Unpacked(rows, rest[:end], pairs, heads, arcs)

    def with_implied(self, hits: Mapping[int, int]) -> dict[int, int]:
        """Return how often blocks were executed, with those that the recorded ones tell of."""
        found = dict(hits)
        if not self.implied:
            return found
        tells: dict[int, list[int]] = {}
        waits: dict[int, int] = {}  # by block: of how many that tell of it nothing is known yet
        for teller, block in self.implied:
            tells.setdefault(teller, []).append(block)
            waits[block] = waits.get(block, 0) + 1
        known = [teller for teller in tells if teller not in waits]
        while known:
            teller = known.pop()
            for block in tells.get(teller, ()):
                found[block] = found.get(block, 0) + found.get(teller, 0)
                waits[block] -= 1
                if not waits[block]:
                    known.append(block)
        return {block: count for block, count in found.items() if count or block in hits}

    def block(self, first: int, number: int) -> Block:
        """Return block `number` of the range that begins at `first`."""
        function, start, start_column, end, end_column = self.spans[number - first]
        covered = self.lines[bisect_left(self.lines, start) : bisect_right(self.lines, end)]
        return Block(
            pc_of(number),
            self.path,
            self.functions[function],
            start,
            start_column,
            end,
            end_column,
            covered,
        )


def _parted(words: tuple[int, ...], mark: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what is before a mark, and behind it."""
    at = words.index(mark) if mark in words else len(words)
    return words[:at], words[at + 1 :]


def pc_of(number: int) -> int:
    """Return the PC of a block number."""
    return PC_START + PC_SPACING * (number + 1)


def number_of(pc: int) -> int:
    """Return the block number of a PC; negative below the range.

    Some clients take a PC for a return address and subtract 5 before they ask: all of
    (pc - PC_SPACING, pc] is the block's.
    """
    return (pc - PC_START - 1) // PC_SPACING


def text_of(path: str) -> bytes | None:
    """Return a file's text, or None if it can't be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return None
