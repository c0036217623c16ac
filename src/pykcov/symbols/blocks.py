"""Blocks and the PCs that stand for them.

PCs are synthetic. The store (store.py) assigns each version of a source file a range of block
numbers:

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

# At the end of a FileSymbols' variant: its spans are comparisons, which have PCs of their own, not
# blocks. No instrumentation option has this name (instrumentation/options.py).
SITES = " sites"
# In a variant: a loader changed the code that the compiler makes from the source. The blocks are
# those of the changed code.
CHANGED = " changed"


# How a block begins: the kind of its first instruction (bytecode/block_heads.py), or'ed with FALLEN
# if the block before can fall through to it, and with AGAIN if it is the target of a backward jump;
# and the instruction's position: column, last line, end column. Its line is the block's first.
Head = tuple[int, int, int, int]
FALLEN, AGAIN = 0x100, 0x200

# Marks before them in packed form; neither can be a line or a block.
_HEADS, _ARCS = 0xFFFFFFFF, 0xFFFFFFFE
_OUT = 0x80000000  # in an arc's end: leaves the function that begins on this line


class _Unpacked(NamedTuple):
    spans: tuple[tuple[int, int, int, int, int], ...]
    lines: tuple[int, ...]
    implied: tuple[tuple[int, int], ...]
    heads: tuple[Head, ...]
    arcs: tuple[tuple[int, int, int], ...]


class Block(NamedTuple):
    """A basic block. Lines count from 1; columns are UTF-8 bytes from 0, and the end is exclusive.

    pc: an integer of 64 bits. function: its qualified name. lines: the lines with code that the
    block covers.
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
    """What the store keeps about one version of one source file."""

    path: str
    source: str
    magic: int
    optimize: int
    variant: str
    functions: tuple[str, ...]
    spans: tuple[tuple[int, int, int, int, int], ...]  # function, start, end
    lines: tuple[int, ...]  # sorted numbers of the lines that have code
    # Pairs: each execution of the first block implies one of the second, which has no probe of its
    # own (instrumentation/bytecode/prune.py).
    implied: tuple[tuple[int, int], ...] = ()
    # One per block if blocks are cut by line, else none. Spans after those of the blocks are edges.
    heads: tuple[Head, ...] = ()
    # Branches from line to line: the block or edge whose execution shows it, and both lines. The
    # second is negative if the branch leaves the function that begins there.
    arcs: tuple[tuple[int, int, int], ...] = ()

    @property
    def has_blocks(self) -> bool:
        """Are its spans blocks? Otherwise they are comparisons."""
        return not self.variant.endswith(SITES)

    @property
    def as_compiled(self) -> bool:
        """Are these the blocks of the code as the compiler made it?"""
        return CHANGED.strip() not in self.variant.split()

    @property
    def blocks(self) -> int:
        """Number of spans that are blocks."""
        return len(self.heads) or len(self.spans)

    def pack(self) -> bytes:
        """Return everything but the names, in the uncompressed form that stores hold."""
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
        """Undo pack(), for a file with this number of spans. Raises struct.error, ValueError."""
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
            raise ValueError("its blocks are incomplete")
        if len(heads) > spans or any(number >= spans for number, *_ in arcs):
            raise ValueError("the heads or arcs of its blocks are wrong")
        return _Unpacked(rows, rest[:end], pairs, heads, arcs)

    def with_implied(self, hits: Mapping[int, int]) -> dict[int, int]:
        """Return how often blocks were executed, including those inferred from recorded ones."""
        found = dict(hits)
        if not self.implied:
            return found
        tells: dict[int, list[int]] = {}
        waits: dict[int, int] = {}  # by block: how many of those that imply it are still unknown
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
    """Return the words before a mark, and those after it."""
    at = words.index(mark) if mark in words else len(words)
    return words[:at], words[at + 1 :]


def pc_of(number: int) -> int:
    """Return the PC of a block number."""
    return PC_START + PC_SPACING * (number + 1)


def number_of(pc: int) -> int:
    """Return the block number of a PC; negative below the range.

    Some clients take a PC for a return address and subtract 5 before they look it up, so all of
    (pc - PC_SPACING, pc] belongs to the block.
    """
    return (pc - PC_START - 1) // PC_SPACING


def text_of(path: str) -> bytes | None:
    """Return a file's text, or None if it can't be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return None
