"""What each block begins with: from it, and the text, reports tell where statements begin.

The compiler makes several copies of some statements (a `finally`, the test of a `while`), cuts
others into blocks, and comes back into their middle. All copies of a statement begin with the same
instruction: of the same kind, at the same place in the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import IntEnum

from pykcov.instrumentation.bytecode.blocks import Located, Span, first_steps
from pykcov.instrumentation.bytecode.codec import Instruction
from pykcov.instrumentation.bytecode.opcodes import (
    BACKWARD,
    COMMON_CONSTANTS,
    FINAL,
    HEAD_NAMES,
    LOAD_COMMON_CONSTANT,
    RETURN_VALUE,
)
from pykcov.symbols.blocks import AGAIN, FALLEN, Head


class Kind(IntEnum):
    """Of a first instruction. Versions have several for one kind, and copies do, too."""

    OTHER = 0  # goes on with what is on the stack
    VARIABLE = 1
    CONSTANT = 2
    NULL = 3
    BUILD = 4  # of nothing that is on the stack: `[]`, a class, a function
    NOP = 5
    POP = 6
    COPY = 7
    STORE = 8
    DELETE = 9
    JUMP = 10
    RAISE = 11  # `raise` alone
    MATCH = 12
    RETURN = 13  # of a constant; one that nobody wrote has the place of what is before it


# What evaluates something from its beginning.
BEGINNING = frozenset(
    (Kind.VARIABLE, Kind.CONSTANT, Kind.NULL, Kind.BUILD, Kind.NOP, Kind.DELETE, Kind.RAISE,
     Kind.RETURN)
)  # fmt: skip

_KINDS = {op: Kind[kind] for kind, ops in HEAD_NAMES.items() for op in ops}


def heads(located: Located, spans: Sequence[Span]) -> Iterator[Head]:
    """Yield what each block begins with: its first instruction that has a line."""
    instructions, positions, _ = located
    again = {i.target for i in instructions if i.op in BACKWARD}
    again -= first_steps(instructions)
    for span in spans:
        n = first = bisect_left(instructions, (span.offset,))
        while positions[n][0] is None:
            n += 1
        line, end, column, last = positions[n]
        flags = FALLEN if _is_fallen_into(located, first) else 0
        flags |= AGAIN if span.offset in again else 0
        yield (
            _kind(*instructions[n : n + 2]) | flags,
            column or 0,
            end or line or 0,
            last or 0,
        )


def _is_fallen_into(located: Located, n: int) -> bool:
    """Can control come to instruction `n` from what has a line before it?"""
    for before in range(n - 1, -1, -1):
        if located.instructions[before].op in FINAL:
            return False
        if located.positions[before][0] is not None:
            return True
    return False


def _kind(i: Instruction, following: Instruction | None = None) -> Kind:
    kind = _KINDS.get(i.op, Kind.OTHER)
    if i.op == LOAD_COMMON_CONSTANT and i.arg in COMMON_CONSTANTS:
        kind = Kind.CONSTANT
    if kind == Kind.CONSTANT and following is not None and following.op == RETURN_VALUE:
        return Kind.RETURN
    if kind in (Kind.BUILD, Kind.RAISE) and i.arg:
        return Kind.OTHER
    return kind
