"""The three byte strings of a code object: instructions, line table, exception table.

pykcov only ever inserts. So none of the three is taken apart and built anew: bytes are copied
between insertions, and only what an insertion moves (jumps, table entries) is written again. That
keeps every column, every range and every unused oddity of the compiler's output as it was.

Offsets are in units of two bytes, the measure that jumps and both tables count in.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import NamedTuple

from pykcov import probe
from pykcov.instrumentation.bytecode.opcodes import (
    BACKWARD,
    CACHES,
    COMMON_CONSTANTS,
    EXTENDED_ARG,
    JUMPS,
    LOAD_COMMON_CONSTANT,
    LOAD_CONST,
    LOAD_SMALL_INT,
    RETURN_CONST,
)

UNKNOWN = object()


class Instruction(NamedTuple):
    """One instruction; `start` is where its EXTENDED_ARG prefixes begin, `at` the opcode itself,
    `end` is behind its caches, `target` where it jumps to or -1."""

    start: int
    at: int
    end: int
    op: int
    arg: int
    target: int


PLAIN, PREFIX, FORWARD, BACK = range(4)  # kinds, as csrc/constants.h has them


def _kind(op: int) -> int:
    if op == EXTENDED_ARG:
        return PREFIX
    if op not in JUMPS:
        return PLAIN
    return BACK if op in BACKWARD else FORWARD


_KINDS = bytes(map(_kind, range(256)))
_CACHES = bytes(CACHES)


def decode(code: CodeType) -> list[Instruction]:
    """Return the instructions of `code`, caches folded into the instruction before them."""
    return probe.decode(code.co_code, _CACHES, _KINDS, Instruction)


def loaded(code: CodeType, i: Instruction) -> object:
    """Return the constant that `i` loads or returns, or UNKNOWN."""
    if i.op in (LOAD_CONST, RETURN_CONST):
        return code.co_consts[i.arg]
    if i.op == LOAD_SMALL_INT:
        return i.arg
    return COMMON_CONSTANTS.get(i.arg, UNKNOWN) if i.op == LOAD_COMMON_CONSTANT else UNKNOWN


def load(op: int, arg: int) -> bytes:
    """Encode one instruction with as many EXTENDED_ARG as its argument needs."""
    out = bytes((op, arg & 0xFF))
    while arg := arg >> 8:
        out = bytes((EXTENDED_ARG, arg & 0xFF)) + out
    return out


class Shift:
    """Where each offset of the old code lies in the new, after `added[i]` units at `offsets[i]`, of
    which the first `fallen[i]` are only for what falls into the offset, not for jumps."""

    def __init__(self, insertions: dict[int, int], fallen: dict[int, int] | None = None) -> None:
        self.offsets = sorted(insertions)
        self.fallen = fallen or {}
        self.sums = [0]
        for offset in self.offsets:
            self.sums.append(self.sums[-1] + insertions[offset])

    def end(self, offset: int) -> int:
        """Where what stands before `offset` ends now."""
        return offset + self.sums[bisect_left(self.offsets, offset)]

    def label(self, offset: int) -> int:
        """Where a jump to `offset` must go now: to the insertion there, if there is one."""
        return self.end(offset) + self.fallen.get(offset, 0)


# -- line table (Objects/locations.md) -----------------------------------------------------------
# An entry: 1cccclll, payload bytes below 0x80. cccc is the form, lll the number of units minus one.
# Forms 0-9 are columns on the line of the entry before, 10-12 move on by 0-2 lines, 13 is a line
# without columns, 14 everything as varints, 15 no location.
_ENTRY = re.compile(rb"[\x80-\xff][\x00-\x7f]*", re.DOTALL)
_LINE_ONLY, _LONG, _NONE = 13, 14, 15


def _repeat(form: int, payload: bytes) -> tuple[int, bytes]:
    """Form and payload that give the location of the entry just written once more."""
    if 10 <= form <= 12:
        return 10, payload
    if form == _LINE_ONLY:
        return form, b"\0"
    if form == _LONG:
        end = 0
        while payload[end] & 0x40:
            end += 1
        return form, b"\0" + payload[end + 1 :]
    return form, payload


def insert_locations(
    table: bytes, insertions: dict[int, int], fallen: dict[int, int] | None = None
) -> bytes:
    """Give each inserted unit the location of the instruction that it stands before; the first
    `fallen` of an offset that of the one behind which they stand.

    The same line, or sys.settrace would report a line twice; the same columns, so that whoever asks
    for the position at any instant sees the source at which the block begins.
    """
    fallen = fallen or {}
    before = Shift(insertions).end
    out = bytearray()
    unit = 0
    for entry in _ENTRY.findall(table):
        end = unit + (entry[0] & 7) + 1
        run = before(end) - before(unit)
        if fallen:
            run += fallen.get(end, 0) - fallen.get(unit, 0)
        form, payload = (entry[0] >> 3) & 15, entry[1:]
        while run:
            part = min(run, 8)
            out.append(0x80 | form << 3 | part - 1)
            out += payload
            form, payload = _repeat(form, payload)
            run -= part
        unit = end
    return bytes(out)


def line_location(delta: int, units: int) -> bytes:
    """Return an entry for up to 8 units on the line `delta` behind that of the entry before."""
    value = (-delta << 1 | 1) if delta < 0 else delta << 1
    out = bytearray((0x80 | _LINE_ONLY << 3 | units - 1,))
    while value >= 0x40:
        out.append(value & 0x3F | 0x40)
        value >>= 6
    out.append(value)
    return bytes(out)


def no_location(units: int) -> bytes:
    """Return an entry for up to 8 units of code that belong to no line."""
    return bytes((0x80 | _NONE << 3 | units - 1,))


# -- exception table (Objects/exception_handling_notes.txt) --------------------------------------


class ExceptionHandler(NamedTuple):
    """The range [start, end) is handled at `target`; `depth` holds stack depth and lasti flag."""

    start: int
    end: int
    target: int
    depth: int


def handlers(table: bytes) -> Iterator[ExceptionHandler]:
    """Parse an exception table: varints of six bits, most significant first."""
    values: list[int] = []
    value = 0
    for byte in table:
        value = value << 6 | byte & 0x3F
        if not byte & 0x40:
            values.append(value)
            value = 0
            if len(values) == 4:
                yield ExceptionHandler(values[0], values[0] + values[1], values[2], values[3])
                values.clear()


def _varint(value: int, first: int) -> bytes:
    groups = [value & 0x3F]
    while value := value >> 6:
        groups.append(value & 0x3F | 0x40)
    groups[-1] |= first
    return bytes(reversed(groups))


def move_handlers(table: Iterable[ExceptionHandler], shift: Shift) -> list[ExceptionHandler]:
    """Return an exception table for the shifted code."""
    label = shift.label
    return [ExceptionHandler(label(h.start), label(h.end), label(h.target), h.depth) for h in table]


def write_handlers(table: Iterable[ExceptionHandler]) -> bytes:
    """Write an exception table: handlers by their ranges, which don't overlap."""
    out = bytearray()
    for handler in table:
        out += _varint(handler.start, 0x80)
        out += _varint(handler.end - handler.start, 0)
        out += _varint(handler.target, 0)
        out += _varint(handler.depth, 0)
    return bytes(out)
