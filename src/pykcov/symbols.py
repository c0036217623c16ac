"""Blocks and the PCs that stand for them.

A PC is synthetic. The store (store.py) gives a range of block numbers to each text of a file:

    pc = PC_START + PC_SPACING * (number + 1)
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from pykcov.abi.kcov import PC_SPACING, PC_START

# At the end of a FileSymbols' variant: it is of comparisons, which have PCs of their own, and its
# spans are no blocks.
COMPARISONS = " comparisons"


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

    @property
    def has_blocks(self) -> bool:
        """Are its spans blocks? Else they are comparisons."""
        return not self.variant.endswith(COMPARISONS)

    def pack(self) -> bytes:
        """Return spans and lines as the store holds them, before compression."""
        flat = [word for span in self.spans for word in span]
        return struct.pack(f"<{len(flat) + len(self.lines)}I", *flat, *self.lines)

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


def pc_of(number: int) -> int:
    """Return the PC of a block number."""
    return PC_START + PC_SPACING * (number + 1)


def number_of(pc: int) -> int:
    """Return the block number of a PC; negative below the range.

    Some clients take a PC for a return address and subtract 5 before they ask: all of
    (pc - PC_SPACING, pc] is the block's.
    """
    return (pc - PC_START - 1) // PC_SPACING
