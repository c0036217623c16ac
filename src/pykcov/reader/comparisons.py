"""Turns records of KCOV_TRACE_CMP into comparisons. docs/comparisons.md describes their format.

Each comparison has two numbers in the symbol store, and so two PCs, multiples of PC_SPACING. A
record's PC lies at or just below one of them, and the distance gives the type of its operands.
"""

from __future__ import annotations

import mmap
import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pykcov.abi.kcov import CMP_WORDS, KCOV_CMP_CONST, KCOV_CMP_SIZE_SHIFT, PC_SPACING, WORD
from pykcov.errors import PykcovError
from pykcov.reader.decode import Records
from pykcov.symbols.blocks import Block, number_of
from pykcov.symbols.store import SymbolStore

Record = tuple[int, int, int, int]  # type, arg1, arg2, pc

_RECORD = struct.Struct("=4Q")
# Is it the second PC of the comparison, and how far below it is the record's?
_KINDS = {
    (False, 0): "int",
    (False, 1): "word",  # a lower word of an int; the highest comes last
    (False, 2): "float",
    (True, 0): "length",
    (True, 1): "str",
    (True, 2): "bytes",
}


@dataclass(frozen=True)
class Comparison:
    """One comparison, as it was executed. where: its source range.

    kind: "int", "float", "str" or "bytes"; "none" for a test for None, with operands 0 (None) and 1
    (anything else); "length" for two strings of which one was empty. constant: `left` is a constant
    in the source. left, right: the operands; of strings as much as was recorded, up to the length
    of the shorter one, from the start (from the end for endswith()). lengths: the full lengths of
    strings; otherwise meaningless.
    """

    where: Block
    kind: str
    constant: bool
    left: int | float | str | bytes
    right: int | float | str | bytes
    lengths: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        """file:line: type left right, and the lengths of strings."""
        kind = f"const-{self.kind}" if self.constant else self.kind
        texts = f" {self.lengths[0]} {self.lengths[1]}" if self.kind in ("str", "bytes") else ""
        where = f"{self.where.file}:{self.where.start_line}"
        return f"{where}: {kind} {self.left!r} {self.right!r}{texts}"


def records(words: mmap.mmap | memoryview) -> list[Record]:
    """Return the records in an area, in order.

    A count larger than the area (clients may store anything) means a full area.
    """
    with memoryview(words) as raw, raw.cast("B") as octets, octets.cast("Q") as view:
        count = min(view[0], room(len(view)))
        return list(_RECORD.iter_unpack(octets[WORD : WORD + count * _RECORD.size]))


class Compared(Records):
    """The comparison records in an area that is still being written."""

    def pcs(self) -> array[int]:
        """Return an empty array: there are no PCs of blocks."""
        return array("Q")

    def compared(self) -> list[Record]:
        """Return the records so far, in order."""
        return records(self._octets)


def room(size: int) -> int:
    """Return how many records fit into an area of `size` words."""
    return (size - 1) // CMP_WORDS


def size_of(kind: int) -> int:
    """Return the size of an operand in bytes, from a record's type."""
    return 1 << (kind >> KCOV_CMP_SIZE_SHIFT & 3)


def signed(word: int, size: int) -> int:
    """Return an operand of `size` bytes as a signed integer."""
    return int.from_bytes(word.to_bytes(WORD, "little")[:size], "little", signed=True)


def raw(found: Iterable[Record]) -> Iterator[str]:
    """Yield the records as lines of a raw trace."""
    for record in found:
        yield " ".join(f"{word:#x}" for word in record) + "\n"


def record_of(text: str) -> Record | None:
    """Parse a line of a raw trace, four hexadecimal numbers; None if it is malformed."""
    try:
        kind, first, second, pc = (int(word, 16) for word in text.split())
    except ValueError:
        return None
    return (kind, first, second, pc) if all(0 <= n < 2**64 for n in (first, second, pc)) else None


def comparisons(
    found: Iterable[Record], store: SymbolStore, unknown: list[int] | None = None
) -> Iterator[Comparison]:
    """Yield the comparisons. One cut off by a full area is left out.

    unknown: a list that collects PCs that don't belong to a comparison. Without it they raise
    PykcovError pc-unknown. Raises as SymbolStore.lookup() does, too.
    """
    known: dict[int, tuple[Block, str]] = {}
    before: list[Record] = []  # of the same comparison
    for record in found:
        if record[3] not in known:
            looked_up = _look_up(record[3], store)
            if looked_up is None and unknown is not None:
                unknown.append(record[3])
                continue
            if looked_up is None:
                raise PykcovError(
                    "pc-unknown",
                    f"{record[3]:#x} is not a comparison's PC in the symbol store {store.path}",
                )
            known[record[3]] = looked_up
        where, kind = known[record[3]]
        if before and known[before[0][3]][0] != where:
            before.clear()
        if kind in ("word", "str", "bytes"):
            before.append(record)
            continue
        yield _joined(where, kind, before, record, known)
        before.clear()


def _look_up(pc: int, store: SymbolStore) -> tuple[Block, str] | None:
    """Return the comparison that a record's PC belongs to, and the kind of its operands."""
    number, below = number_of(pc), -pc % PC_SPACING
    file = store.find(pc)
    if file is not None and not file[1].has_blocks:
        first, symbols = file
        is_second = (number - first) % 2 == 1
        if kind := _KINDS.get((is_second, below)):
            return symbols.block(first, number - is_second), kind
    return None


def _joined(
    where: Block,
    kind: str,
    before: list[Record],
    last: Record,
    known: dict[int, tuple[Block, str]],
) -> Comparison:
    constant = bool(last[0] & KCOV_CMP_CONST)
    size = size_of(last[0])
    if kind == "float" and size == WORD:
        left, right = struct.unpack("=2d", struct.pack("=2Q", last[1], last[2]))
        return Comparison(where, "float", constant, left, right)
    if kind == "float":
        return Comparison(where, "none", constant, last[1], last[2])
    if kind == "int":
        left, right = signed(last[1], size), signed(last[2], size)
        for record in reversed(before):
            left, right = left << 64 | record[1], right << 64 | record[2]
        return Comparison(where, "int", constant, left, right)
    if not before:
        return Comparison(where, "length", constant, last[1], last[2])
    kind = known[before[0][3]][1]
    texts = [
        b"".join(record[n].to_bytes(WORD, "little")[: size_of(record[0])] for record in before)
        for n in (1, 2)
    ]
    if kind == "bytes":
        return Comparison(where, kind, constant, texts[0], texts[1], (last[1], last[2]))
    left, right = (text.decode("utf-8", "replace") for text in texts)
    return Comparison(where, kind, constant, left, right, (last[1], last[2]))
