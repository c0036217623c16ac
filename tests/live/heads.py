"""Where blocks begin, worked out from dis alone: DESIGN's rules written a second time.

No code is shared with pykcov: a mistake in one of the two shows as a difference.
"""

from __future__ import annotations

import dis
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

LOOPS_POP = "POP_TOP behind END_FOR"  # 3.13: FOR_ITER jumps over both
NEW_ENDS = {"NOT_TAKEN", "POP_ITER"}  # 3.14: behind a branch, and where FOR_ITER's exit lands
JUMPED_OVER = {"END_FOR", LOOPS_POP, "END_SEND", "END_ASYNC_FOR"} | NEW_ENDS
# What the interpreter runs for itself, and belongs to no line.
PROLOGUE = {"RESUME", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR"}
SILENT = JUMPED_OVER | PROLOGUE | {"CLEANUP_THROW"}
GO = {"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"}
ENDS = GO | {"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"}
# It jumps when what it waits for has ended, to where the loop of an await ends.
AWAIT = {"SEND"}
AFTER_YIELD, START = 1, 0
WHY = 7 if sys.version_info >= (3, 15) else 3  # the bits of RESUME's argument that say it


class Step(NamedTuple):
    """An instruction with its prefixes: where they begin, where the opcode is, its line."""

    begins: int
    offset: int
    name: str
    arg: int
    target: int
    line: int | None


def nested(code: CodeType) -> Iterator[CodeType]:
    """The code object and those in its constants, depth first."""
    yield code
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            yield from nested(const)


def steps(code: CodeType) -> list[Step]:
    """The instructions in order."""
    out: list[Step] = []
    begins = -1
    for i in dis.get_instructions(code):
        begins = i.offset if begins < 0 else begins
        if i.opname == "EXTENDED_ARG":
            continue
        # END_ASYNC_FOR says since 3.14 where its SEND is, and never jumps there.
        jumps = i.opcode in dis.hasjrel and i.opname != "END_ASYNC_FOR"
        target = i.argval if jumps else -1
        name = i.opname
        if sys.version_info[:2] == (3, 13) and out and out[-1].name == "END_FOR":
            name = LOOPS_POP
        line = None if name in SILENT or i.positions is None else i.positions.lineno
        out.append(Step(begins, i.offset, name, i.arg or 0, target, line))
        begins = -1
    return out


def lines(codes: list[CodeType]) -> list[int]:
    """Lines that have code, sorted."""
    return sorted({s.line for code in codes for s in steps(code) if s.line is not None})


def _landing(flow: list[Step], n: int) -> int:
    while flow[n].name in JUMPED_OVER:
        n += 1
    return n


def _entries(flow: list[Step]) -> set[int]:
    """Where code begins to run: at the start, and behind a yield."""
    return {
        n + 1
        for n, s in enumerate(flow)
        if s.name == "RESUME" and s.arg & WHY in (START, AFTER_YIELD)
    }


def _goals(code: CodeType, flow: list[Step]) -> Iterator[int]:
    """What jumps and exceptions lead to, an await's waiting aside."""
    at = {s.begins: n for n, s in enumerate(flow)}
    for entry in dis.Bytecode(code).exception_entries:  # type: ignore[attr-defined]
        yield at[entry.target]
    for step in flow:
        if step.target >= 0:
            goal = at[step.target]
            if (step.name, flow[goal].name) != ("JUMP_BACKWARD_NO_INTERRUPT", "SEND"):
                yield goal


def _heads_by_flow(code: CodeType, flow: list[Step]) -> set[int]:
    entries = _entries(flow)
    others = set(_goals(code, flow))
    found = {_landing(flow, n) for n in others}
    for n, step in enumerate(flow):
        if step.target >= 0 and step.name not in GO | AWAIT:
            after = _landing(flow, n + 1)
            only_a_jump = flow[after].name in GO and flow[after].line in (None, step.line)
            if not only_a_jump or n + 1 in others:
                found.add(after)
    found = {n for n in found if flow[n].name not in ("CLEANUP_THROW", "FOR_ITER")}
    return found | {_landing(flow, n) for n in entries}


def passed_once(code: CodeType) -> dict[int, set[int]]:
    """Heads that jumps go past, and the offsets of these: the step of a loop that code begins with,
    a generator expression's since 3.15."""
    flow = steps(code)
    begun = {flow[n].offset: flow[n].begins for n in _entries(flow) if flow[n].name == "FOR_ITER"}
    return {
        offset: {step.offset for step in flow if step.target == begins}
        for offset, begins in begun.items()
    }


def heads(code: CodeType, with_code: list[int]) -> list[int]:
    """Offsets of the opcodes at which blocks begin; `with_code`: the file's lines with code."""
    flow = steps(code)
    begin = _heads_by_flow(code, flow)
    led_to = begin | set(_goals(code, flow))
    out: list[int] = []
    head, covered, ended = -1, set[int](), False
    for n, step in enumerate(flow):
        if ended and n not in led_to:
            continue  # nothing leads to it: a handler of `try: pass`
        ended = step.name in ENDS
        if n in begin or step.name == "CLEANUP_THROW":  # what follows that is the await's
            head, covered = n if n in begin else -1, set()
        if head < 0 or step.line is None or step.line in covered:
            continue
        wider = covered | {step.line}
        between = bisect_right(with_code, max(wider)) - bisect_left(with_code, min(wider))
        if not covered:
            out.append(flow[head].offset)
        elif between != len(wider):
            out.append(step.offset)
            wider = {step.line}
        covered = wider
    return out
