"""Where probes stand: the basic blocks of a code object.

A block begins where control can arrive other than from the instruction before: at the start, at a
jump's target, behind a conditional jump, at an exception handler, behind a yield. Two more rules:

* A yield ends a block, because what follows may run in another task, or never. The loop that the
  compiler makes of `await` and `yield from` (SEND .. JUMP_BACKWARD_NO_INTERRUPT) has no probe in
  it: how often a coroutine was suspended depends on others, and a trace must not. One stands
  behind the loop.
* A block is one run of lines. Where its code would jump over a line that has code elsewhere (the
  end of a loop, a multi-line call, a nested function), it is cut, so that no block claims a line
  that did not run. Between its first and its last line every line with code belongs to it.

The step of a `for` loop (FOR_ITER) has no probe either. Its line is the line of the code before it,
which made the iterator, and the body or the end of the loop, which come next, have theirs. A probe
there would also be heard: sys.settrace keeps FOR_ITER from being specialized as long as it is what
the loop jumps back to, and since 3.13 reports an exception at the end of a specialized one. Since
3.15 a generator expression begins with it: there jumps go behind the probe.

A branch that is not taken may lead to nothing but a jump (the end of a loop's body). That is the
other half of the branch, and no block of its own.

Code without a line (clean-up that the compiler made) has no probe: nobody could say where it is.
Code that nothing leads to is in no block.

A record says that its block was entered. An exception may leave a block half-way; then the lines
behind the one that raised are claimed but did not run. `by_line` cuts at every change of line: no
such claims, for half as many probes again (docs/blocks.md).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import CodeType
from typing import NamedTuple

from pykcov import probe
from pykcov.instrumentation.bytecode.codec import Instruction, decode, handlers
from pykcov.instrumentation.bytecode.opcodes import (
    CLEANUP_THROW,
    END_FOR,
    END_FOR_POPS,
    FALLS_THROUGH,
    FINAL,
    FOR_ITER,
    GLUED,
    JUMP_BACKWARD_NO_INTERRUPT,
    JUMPS,
    LANDING,
    NO_JUMP,
    RESUME,
    RESUME_AFTER_YIELD,
    RESUME_AT_START,
    RESUME_WHY,
    SEND,
    UNCONDITIONAL,
    UNCOUNTED,
)

Position = tuple[int | None, int | None, int | None, int | None]
_NOWHERE: Position = (None, None, None, None)
# Places in an Instruction, for the loops that see each of them: by index it is three times as fast.
_START, _AT, _END, _OP, _, _TARGET = range(len(Instruction._fields))
_ARRIVE = JUMPS - NO_JUMP
_BRANCHES = FALLS_THROUGH - NO_JUMP


class Located(NamedTuple):
    """Instructions, the position of each, and the offsets that jumps and exceptions lead to (but
    not within an await's loop)."""

    instructions: list[Instruction]
    positions: list[Position]
    arrived: set[int]


class Span(NamedTuple):
    """A block: the unit offset of its probe, and its source range.

    Lines count from 1. Columns count UTF-8 bytes from 0, the end being the first one behind the
    block, as in the ast module.
    """

    offset: int
    start_line: int
    start_column: int
    end_line: int
    end_column: int


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield `code` and all code objects within it, outer ones first, in the compiler's order."""
    ahead = [code]  # no recursion: lambdas nest deeper than calls may
    while ahead:
        one = ahead.pop()
        yield one
        ahead += [const for const in reversed(one.co_consts) if isinstance(const, CodeType)]


def code_lines(located: Located) -> set[int]:
    """Lines that have code in a code object itself, as sys.settrace would report them."""
    found = {position[0] for position in located.positions}
    return {line for line in found if line is not None}


def locate(code: CodeType) -> Located:
    """Return the instructions with their positions; no position for what belongs to no line."""
    instructions = decode(code)
    units = probe.positions(code.co_linetable, code.co_firstlineno)
    positions = [_NOWHERE if i[_OP] in UNCOUNTED else units[i[_AT]] for i in instructions]
    if END_FOR_POPS:
        for n in [n for n, i in enumerate(instructions) if i[_OP] == END_FOR]:
            positions[n + 1] = _NOWHERE  # _pops_loop()
    return Located(instructions, positions, _arrivals(instructions, code.co_exceptiontable))


def _leaders(located: Located) -> set[int]:
    """Offsets at which blocks begin: those of the instructions that control can arrive at, moved
    behind what the interpreter itself jumps over (opcodes.LANDING)."""
    instructions, positions, arrived = located
    index = {i[_START]: n for n, i in enumerate(instructions)}
    starts = set()
    fallen = {}  # where a branch that was not taken goes on, and the line of the branch
    for i, position in zip(instructions, positions, strict=True):
        op = i[_OP]
        if op == RESUME:
            if i.arg & RESUME_WHY in (RESUME_AT_START, RESUME_AFTER_YIELD):
                starts.add(i.end)
        elif op in _BRANCHES:
            fallen[i.end] = position[0]
    entered = starts | arrived
    leaders = set()
    for offset in entered | fallen.keys():
        n = landed(instructions, index[offset])
        i, line = instructions[n], positions[n][0]
        # A lone jump behind a branch, on its line: the second half of the branch, and no block.
        half = offset not in entered and i.op in UNCONDITIONAL and line in (None, fallen[offset])
        step = i.op == FOR_ITER and offset not in starts
        if not (half or step or i.op == CLEANUP_THROW):
            leaders.add(i.start)
    return leaders


def _arrivals(instructions: list[Instruction], table: bytes) -> set[int]:
    found = {handler.target for handler in handlers(table)}
    jumps = [i for i in instructions if i[_OP] in _ARRIVE]
    sends = {i.start for i in jumps if i.op == SEND}
    for i in jumps:
        if not (i.op == JUMP_BACKWARD_NO_INTERRUPT and i.target in sends):
            found.add(i.target)
    return found


def first_steps(instructions: list[Instruction]) -> set[int]:
    """Return the offset of the loop's step that code begins with, if it does: a generator
    expression since 3.15. Jumps to it go behind the probe there."""
    for before, one in pairwise(instructions):
        if before[_OP] == RESUME and before.arg & RESUME_WHY == RESUME_AT_START:
            return {one.start} if one[_OP] == FOR_ITER else set()
    return set()


def landed(instructions: list[Instruction], n: int) -> int:
    """Return the number of the instruction that a block which begins at number `n` has its probe
    at: behind what the interpreter itself jumps over (opcodes.LANDING)."""
    while instructions[n].op in LANDING or _pops_loop(instructions, n):
        n += 1
    return n


def _pops_loop(instructions: list[Instruction], n: int) -> bool:
    """Is instruction `n` the POP_TOP that FOR_ITER's exit jumps over together with END_FOR?"""
    return END_FOR_POPS and n > 0 and instructions[n - 1].op == END_FOR


class _Run:
    """The block under construction, and whether it may take in one more line."""

    def __init__(self, offset: int, lines: list[int], by_line: bool) -> None:
        self.offset = offset
        self.code_lines = lines
        self.by_line = by_line
        self.lines: set[int] = set()
        self.line: int | None = -1  # that was added last
        self.low = self.high = 0
        self.positions: list[Position] = []

    def takes(self, line: int) -> bool:
        if line in self.lines or not self.lines:
            return True
        if self.by_line:
            return False
        low, high = min(self.low, line), max(self.high, line)
        return self._between(low, high) == len(self.lines) + 1

    def _between(self, low: int, high: int) -> int:
        """Number of lines with code in [low, high]."""
        return bisect_right(self.code_lines, high) - bisect_left(self.code_lines, low)

    def add(self, position: Position) -> None:
        line = position[0]
        assert line is not None
        if line not in self.lines:
            self.low = min(self.low, line) if self.lines else line
            self.high = max(self.high, line)
            self.lines.add(line)
        self.line = line
        self.positions.append(position)

    def span(self, line_end: Callable[[int], int]) -> Span:
        positions, low = dict.fromkeys(self.positions), self.low
        start = min([p[2] or 0 for p in positions if p[0] == low])
        # An instruction may reach over lines of other blocks (a call over the lambda among its
        # arguments, a `with` over its body): such an end is none.
        ends = [
            (p[1], line_end(p[1]) if p[3] is None else p[3])
            for p in positions
            if p[1] is not None and not (p[1] > self.high and self._between(self.high + 1, p[1]))
        ]
        end = max(ends, default=(self.high, line_end(self.high)))
        if end[0] < self.high:
            end = (self.high, line_end(self.high))
        return Span(self.offset, self.low, start, *end)


def find_blocks(
    code: CodeType,
    lines: list[int],
    line_end: Callable[[int], int],
    by_line: bool = False,
    located: Located | None = None,
) -> list[Span]:
    """Return the blocks of `code` (not of code nested in it), by offset.

    located: what locate() returns for it.
    lines: sorted numbers of all lines that have code in the file.
    line_end: length in bytes of a line, where an instruction does not tell a block's last column.
    by_line: cut at every change of line.
    """
    located = locate(code) if located is None else located
    leaders = _leaders(located)
    out: list[Span] = []
    run: _Run | None = None
    cut = False  # control does not go on from the instruction before
    for i, position in zip(located.instructions, located.positions, strict=True):
        line = position[0]
        begins = i[_START] in leaders
        if cut and not begins and i[_START] not in located.arrived:
            continue  # nor does it come from elsewhere: 3.11 keeps the handlers of `try: pass`
        cut = i[_OP] in FINAL
        thrown = i[_OP] == CLEANUP_THROW  # an await's, and so is the jump behind it
        if run and line == run.line and not (begins or thrown):
            run.positions.append(position)  # most are like that
            continue
        if thrown or begins or (run and line is not None and not run.takes(line)):
            if run and run.lines:
                out.append(run.span(line_end))
            assert i.op not in GLUED, f"a block of {code.co_qualname} would begin at unit {i.start}"
            run = None if thrown else _Run(i.start, lines, by_line)
        if run and line is not None:
            run.add(position)
    if run and run.lines:
        out.append(run.span(line_end))
    return out
