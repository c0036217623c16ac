"""Where in a block its probe stands, and in which form.

At the head, the three instructions of a probe are three more for the interpreter to come to. But a
block often begins with what can neither raise nor run any code: loads of local variables and of
constants. Until the first instruction that can, nobody sees where among them the record is made.

* If a constant is loaded there, the probe takes its place, and gives it: LOAD_CONST probe;
  UNARY_NEGATIVE. One instruction more than without, where there were three; two where
  RETURN_CONST has to become a RETURN_VALUE. The constant is that of the code object itself, the
  same object, for it may be compared by `is`; or the interpreter's, of which there is one.
* Where the interpreter makes one of a LOAD_FAST and the LOAD_CONST behind it (until 3.12), and a
  LOAD_FAST would stay single, the probe stands behind that one.

All of it is on one line and reached from the head alone, so that a tracer's line events, f_lineno,
jumps and exceptions are as before.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from types import CodeType
from typing import NamedTuple

from pykcov.instrumentation.bytecode.assigned import bound
from pykcov.instrumentation.bytecode.blocks import Located, Span
from pykcov.instrumentation.bytecode.codec import UNKNOWN, Instruction, loaded
from pykcov.instrumentation.bytecode.opcodes import (
    HARMLESS,
    LOAD_FAST,
    LOAD_FAST_IS_CHECKED,
    LOADS_PAIR,
)


class Spot(NamedTuple):
    """Probe of block number `block`, before the instruction at unit `offset`; or in the place of
    that one, `instead`, which loads or returns a constant."""

    block: int
    offset: int
    instead: Instruction | None = None


def find_spots(
    code: CodeType, spans: Sequence[Span], kept: Collection[int] | None, located: Located
) -> list[Spot]:
    """Return where the probes of `code` stand, by block.

    spans: as find_blocks() has them. kept: numbers of the blocks that have a probe; None: all.
    located: what locate() returns for `code`.
    """
    instructions, positions, arrived = located
    ends = arrived | {span.offset for span in spans}
    with_value = bound(code, instructions) if LOAD_FAST_IS_CHECKED else None
    spots = []
    for block, span in enumerate(spans):
        if kept is not None and block not in kept:
            continue
        first = n = bisect_left(instructions, (span.offset,))
        while instructions[n].op in HARMLESS and n + 1 < len(instructions):
            i, following = instructions[n], instructions[n + 1]
            if following.start in ends or positions[n + 1][0] != positions[first][0]:
                break
            if with_value is not None and i.op in LOAD_FAST and not with_value[n] >> i.arg & 1:
                break
            n += 1
        spots.append(_spot(code, block, instructions[first : n + 1]))
    return spots


def _spot(code: CodeType, block: int, run: list[Instruction]) -> Spot:
    """Choose among the instructions before which the probe may stand."""
    for i in run:
        value = loaded(code, i) if i.start == i.at else UNKNOWN
        if value is not UNKNOWN and not isinstance(value, CodeType):  # that will be another one
            return Spot(block, i.start, i)
    if LOADS_PAIR:
        loads = next((n for n, i in enumerate(run) if i.op not in LOAD_FAST), 0)
        if loads % 2:
            return Spot(block, run[loads].start)
    return Spot(block, run[0].start)
