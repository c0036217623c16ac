"""Which probes can be left out, because others tell as much.

A block that is left out has its execution, and how often, from the blocks around it:

* It ends in other blocks, and nothing but it leads to these. Then it was executed as often as they
  were, together; but for the times that it was left by an exception. For these it gets a stub: a
  handler of its own, behind the code, that records the block and raises the exception again. An
  exception table costs nothing until something is raised.
* Only such blocks lead to it as do nothing that can raise, and go on to it alone: it was executed
  as often as they were, together.

In Python nearly everything may raise, so without stubs hardly a probe could be left out. Stubs hide
themselves: they raise with the offset of the instruction that raised (RERAISE 1), add no entry to
tracebacks, and have no line. Only sys.monitoring hears of them, as
EXCEPTION_HANDLED and RERAISE.

A block may also be left by what never comes back: a call that waits for ever, or ends the process,
a yield whose generator is dropped. And a call may open or close a trace. So no block with a call, a
yield, an import or a step of a loop in it is left out (opcodes.SOFT lists what may stand in one).
Of operators and attributes, which may run a program's methods, too, it is assumed that they return
or raise.

What was left out comes back when traces are read (FileSymbols.with_implied): the set and the counts
as they would have been; the order only of what was recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from types import CodeType
from typing import NamedTuple

from pykcov.instrumentation.bytecode.blocks import Located, Span, landed
from pykcov.instrumentation.bytecode.codec import ExceptionHandler, Instruction, handlers
from pykcov.instrumentation.bytecode.opcodes import (
    FINAL,
    JUMPS,
    LANDING,
    NO_JUMP,
    QUIET,
    SOFT,
    UNCONDITIONAL,
)


class Stub(NamedTuple):
    """An exception raised in [start, end) is recorded as `block`, and raised again. `handler` is
    what the exception goes to then, None if it leaves the function."""

    block: int
    start: int
    end: int
    handler: ExceptionHandler | None


class Plan(NamedTuple):
    """kept: the blocks that keep their probes. implied: pairs of a block, and another that was
    executed each time that this one was, and is left out."""

    kept: frozenset[int]
    stubs: tuple[Stub, ...]
    implied: tuple[tuple[int, int], ...]


class _Way(NamedTuple):
    """What lies behind the head of a block: up to which unit, which instructions, which blocks."""

    end: int
    instructions: list[Instruction]
    exits: frozenset[int]


def prune(code: CodeType, spans: Sequence[Span], located: Located) -> Plan:
    """Return which of the blocks of `code`, as find_blocks() has them, need no probe.

    located: what locate() returns for `code`.
    """
    return _Pruning(code, spans, located).plan()


class _Pruning:
    def __init__(self, code: CodeType, spans: Sequence[Span], located: Located) -> None:
        self.instructions = located.instructions
        self.index = {i.start: n for n, i in enumerate(self.instructions)}
        self.table = list(handlers(code.co_exceptiontable))
        self.heads = {span.offset: block for block, span in enumerate(spans)}
        self.entered = {self._landed(at) for at in located.arrived}
        self.ways = [self._way(span.offset) for span in spans]

    def _way(self, head: int) -> _Way | None:
        """Follow a block to the blocks behind it; None where it is left in another way."""
        passed: list[Instruction] = []
        exits = set()
        for n in range(self.index[head], len(self.instructions)):
            i = self.instructions[n]
            if i.start != head and (i.start in self.heads or i.start in self.entered):
                if (next_one := self.heads.get(i.start)) is None:
                    return None  # code of nobody, that others come to as well
                exits.add(next_one)
                break
            if i.op not in SOFT:
                return None
            passed.append(i)
            if i.op in JUMPS:
                if (target := self._block_at(i.target)) is None:
                    return None
                exits.add(target)
                if i.op in UNCONDITIONAL:
                    break
        else:
            return None
        return _Way(passed[-1].end, passed, frozenset(exits))

    def _block_at(self, target: int) -> int | None:
        """The block that a jump arrives at."""
        return self.heads.get(self._landed(target))

    def _landed(self, offset: int) -> int:
        return self.instructions[landed(self.instructions, self.index[offset])].start

    def _come_from(self) -> dict[int, set[int]]:
        """By block, the offsets of the instructions that lead to it; -1: the interpreter does."""
        found: defaultdict[int, set[int]] = defaultdict(set)
        before: Instruction | None = None
        for i in self.instructions:
            if i.op in JUMPS - NO_JUMP and (to := self._block_at(i.target)) is not None:
                found[to].add(i.start)
            if i.op in LANDING:
                continue  # the interpreter lands behind it, or falls through what is before it
            if i.start in self.heads and (before is None or before.op not in FINAL):
                found[self.heads[i.start]].add(before.start if before else -1)
            before = i
        for handler in self.table:
            if (to := self._block_at(handler.target)) is not None:
                found[to].add(-1)
        return found

    def _handlers(self) -> list[ExceptionHandler | None]:
        """What an exception goes to, by unit."""
        found: list[ExceptionHandler | None] = [None] * self.instructions[-1].end
        for handler in self.table:
            found[handler.start : handler.end] = [handler] * (handler.end - handler.start)
        return found

    def plan(self) -> Plan:
        come_from, goes_to = self._come_from(), self._handlers()
        stubs: dict[int, Stub] = {}
        implied: list[tuple[int, int]] = []
        # By the block that they go on to: quiet blocks, and the offsets of their instructions.
        quiet: defaultdict[int, list[int]] = defaultdict(list)
        passed: defaultdict[int, set[int]] = defaultdict(set)
        for block, way in enumerate(self.ways):
            if way is None or block in way.exits:
                continue
            start = way.instructions[0].start
            own = {i.start for i in way.instructions}
            handlers_of = set(goes_to[start : way.end])
            if len(handlers_of) == 1 and all(come_from[to] <= own for to in way.exits):
                stubs[block] = Stub(block, start, way.end, handlers_of.pop())
                implied += ((to, block) for to in way.exits)
            elif len(way.exits) == 1 and all(i.op in QUIET for i in way.instructions):
                [to] = way.exits
                quiet[to].append(block)
                passed[to] |= own
        left_out = set(stubs)
        for block, before in quiet.items():
            if block not in left_out and come_from[block] <= passed[block]:
                left_out.add(block)
                implied += ((n, block) for n in before)
        return Plan(
            frozenset(self.heads.values()) - left_out, tuple(stubs.values()), tuple(implied)
        )
