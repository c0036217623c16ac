"""Probes on edges: code that is executed on one way to an instruction only.

Where the instruction before falls into it, the probe stands between the two, and jumps go to behind
the probe (codec.Shift.fallen). Where a jump leads to it, the probe stands behind the code,

    LOAD_CONST probe; UNARY_INVERT; POP_TOP; JUMP_BACKWARD_NO_INTERRUPT to the instruction

and the jump goes there. It has no line: whoever traces lines hears of the one that it leads to, as
before. A jump that went backwards (3.11) looked whether a signal had come, as loops must: there the
way back is a JUMP_BACKWARD, on the line of the jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType
from typing import NamedTuple

from pykcov.instrumentation.bytecode.branches import Edge
from pykcov.instrumentation.bytecode.codec import Shift, line_location, load, no_location
from pykcov.instrumentation.bytecode.opcodes import (
    EXTENDED_ARG,
    JUMP_BACKWARD,
    JUMP_BACKWARD_NO_INTERRUPT,
    LOAD_CONST,
    POP_TOP,
    UNARY_INVERT,
)

_BACK = 4  # units of the jump back: its argument has as much room as there can be


class Detour(NamedTuple):
    """Code behind the end, at unit `start` from there on, on the way to the instruction at
    `offset`. interrupts: is it to look for signals?"""

    edge: Edge
    constant: int
    start: int
    units: int
    interrupts: bool


def recording(constant: int) -> bytes:
    """Return the code that records the probe which is this constant."""
    return load(LOAD_CONST, constant) + bytes((UNARY_INVERT, 0, POP_TOP, 0))


def detours(
    edges: Sequence[tuple[Edge, int]], backward: set[int]
) -> tuple[list[Detour], dict[int, int]]:
    """Return the code of the edges that jumps take, and by jump which detour is its.

    edges: with the numbers of the constants that are their probes. backward: where the conditional
    jumps begin that go backwards.
    """
    found: list[Detour] = []
    taken: dict[int, int] = {}
    at = 0
    for edge, constant in edges:
        for interrupts in (False, True):
            jumps = [jump for jump in edge.jumps if (jump in backward) == interrupts]
            if jumps:
                taken.update(dict.fromkeys(jumps, len(found)))
                units = len(recording(constant)) // 2 + _BACK
                found.append(Detour(edge, constant, at, units, interrupts))
                at += units
    return found, taken


def made(code: CodeType, made_of: Sequence[Detour], shift: Shift, end: int) -> tuple[bytes, bytes]:
    """Return the bytes of detours that stand behind unit `end` of the shifted code, and their
    entries in the line table."""
    out, locations = bytearray(), bytearray()
    last = next((line for *_, line in reversed([*code.co_lines()]) if line), code.co_firstlineno)
    for one in made_of:
        arg = end + one.start + one.units - shift.label(one.edge.offset)
        out += recording(one.constant)
        for prefix in (24, 16, 8):
            out += bytes((EXTENDED_ARG, arg >> prefix & 0xFF))
        jump = JUMP_BACKWARD if one.interrupts else JUMP_BACKWARD_NO_INTERRUPT
        out += bytes((jump, arg & 0xFF))
        left = one.units
        while left:
            part = min(left, 8)
            if one.interrupts:
                locations += line_location(one.edge.line - last, part)
                last = one.edge.line
            else:
                locations += no_location(part)
            left -= part
    return bytes(out), bytes(locations)
