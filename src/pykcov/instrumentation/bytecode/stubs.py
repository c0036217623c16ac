"""The stubs of blocks that have no probe (prune.py says what for).

Behind the code stands, for each,

    LOAD_CONST probe; UNARY_INVERT; POP_TOP; RERAISE 1

and in the exception table an entry that leads there from the block, at the stack depth of the
handler that was there before, or of none. It has the interpreter push the offset of the instruction
that raised below the exception: RERAISE 1 puts that back, so that whoever handles it, and every
traceback, finds the frame as the exception had left it. The stub itself is in the range of the old
handler. It has no line, so sys.settrace hears of none: RERAISE takes the line back, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from types import CodeType
from typing import NamedTuple

from pykcov.instrumentation.bytecode.codec import (
    ExceptionHandler,
    Shift,
    handlers,
    load,
    move_handlers,
    no_location,
)
from pykcov.instrumentation.bytecode.opcodes import LOAD_CONST, POP_TOP, RERAISE, UNARY_INVERT
from pykcov.instrumentation.bytecode.prune import Stub

_LASTI = 1  # in ExceptionHandler.depth, below the depth itself: push the offset of what raised


class Stubs(NamedTuple):
    """What rewrite() appends; table: the whole exception table; depth: of the stack."""

    code: bytes
    locations: bytes
    table: list[ExceptionHandler]
    depth: int


def make(
    code: CodeType,
    stubs: Sequence[tuple[Stub, int]],  # each with the number of the constant that is its probe
    shift: Shift,
    end: int,
    locations: bytes,
) -> Stubs:
    """Make the stubs that stand behind `code` as shifted, whose end is unit `end`."""
    old = list(handlers(code.co_exceptiontable))
    table = dict(zip(old, move_handlers(old, shift), strict=True))
    out, where = bytearray(), bytearray(locations)
    ranges: defaultdict[ExceptionHandler | None, list[ExceptionHandler]] = defaultdict(list)
    own: list[ExceptionHandler] = []
    depth = 0
    for stub, constant in stubs:
        at = end + len(out) // 2
        body = load(LOAD_CONST, constant) + bytes((UNARY_INVERT, 0, POP_TOP, 0, RERAISE, 1))
        out += body
        level = stub.handler.depth >> 1 if stub.handler else 0
        depth = max(depth, level + 3)
        start, stop = shift.label(stub.start), shift.label(stub.end)
        ranges[stub.handler].append(ExceptionHandler(start, stop, at, level << 1 | _LASTI))
        if stub.handler is not None:
            own.append(ExceptionHandler(at, at + len(body) // 2, *table[stub.handler][2:]))
        where += no_location(len(body) // 2)
    whole = ranges.pop(None, [])
    for before, after in table.items():
        whole += _around(after, ranges[before])
    return Stubs(bytes(out), bytes(where), sorted(whole) + own, depth)


def _around(handler: ExceptionHandler, inner: list[ExceptionHandler]) -> list[ExceptionHandler]:
    """Cut `inner` out of the range of `handler`, and return all parts."""
    parts, at = [], handler.start
    for one in sorted(inner):
        if at < one.start:
            parts.append(handler._replace(start=at, end=one.start))
        parts.append(one)
        at = one.end
    if at < handler.end:
        parts.append(handler._replace(start=at))
    return parts
