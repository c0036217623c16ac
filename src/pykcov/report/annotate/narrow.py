"""Determines which parts of a block's range are its own text.

A block's range spans the positions of all its instructions, and some of these are misleading. The
jump back at a loop's end has the position of the whole comprehension; the instructions of `or` for
its left side have that of the whole operation; and the implicit exception exit of a `with` has that
of the `with`. So blocks that were not executed would seem to contain code that was.

If this interpreter compiles the source to the same blocks as were measured, each block keeps only
the ranges of instructions that stand for something in the source. For another interpreter's blocks
only the ranges are known: one that was not executed but contains one that was has no text. In both
cases, a block that was not executed, contains one that was, and only jumps, returns or raises has
no text.
"""

from __future__ import annotations

import importlib.util
import warnings
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from types import CodeType

from pykcov.instrumentation.bytecode.blocks import Span
from pykcov.instrumentation.bytecode.codec import decode
from pykcov.instrumentation.bytecode.opcodes import (
    CLEANUP_THROW,
    COMMON_ASSERTION_ERROR,
    LOAD_ASSERTION,
    LOAD_COMMON_CONSTANT,
    LOAD_CONST,
    MUTE,
    POP_TOP,
    PUSH_EXC_INFO,
    RAISE_VARARGS,
    RERAISE,
    STORES,
    WEAK,
    WITH_EXCEPT_START,
)
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.unit import Unit
from pykcov.symbols.blocks import FileSymbols

Range = tuple[int, int, int, int]  # line and column of the start, of the end


def ranges(symbols: FileSymbols, data: bytes, hits: Mapping[int, int]) -> list[list[Range]]:
    """Return, for each block, the ranges of what its instructions stand for; they may nest."""
    unit, spans = _compiled(symbols, data), symbols.spans[: symbols.blocks]
    found: list[tuple[list[Range], bool]] = [([span[1:]], True) for span in spans]
    if unit is not None:
        found = []
        for code, own_spans in zip(unit.codes, unit.spans, strict=True):
            found += _own(code, own_spans)
    executed = sorted(one for n, (own, _) in enumerate(found) if hits.get(n) for one in own)
    # Of each and all that begin behind it: where the first of them ends.
    ends = list(accumulate((one[2:] for one in reversed(executed)), min))[::-1]

    def holds_executed(outer: Range) -> bool:
        first = bisect_left(executed, outer[:2])
        return first < len(ends) and ends[first] <= outer[2:]

    kept = [
        [one for one in own if not (weak and not hits.get(n) and holds_executed(one))]
        for n, (own, weak) in enumerate(found)
    ]
    # A line of which nothing was executed, and nothing is left, is a bare `except:`, say.
    told: set[int] = set()
    last = 0
    for first, _, end, _ in sorted(one for own in kept for one in own):
        told.update(range(max(first, last + 1), end + 1))
        last = max(last, end)
    told |= {symbols.spans[n][1] for n, count in hits.items() if count}
    return [
        own or ([] if span[1] in told else [span[1:]])
        for own, span in zip(kept, spans, strict=True)
    ]


def _compiled(symbols: FileSymbols, data: bytes) -> Unit | None:
    """Return the text as compiled here, if it has the very blocks that were measured."""
    if symbols.magic != int.from_bytes(importlib.util.MAGIC_NUMBER, "little"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(data, symbols.path, "exec", dont_inherit=True, optimize=symbols.optimize)
    except (SyntaxError, ValueError):
        return None
    unit = Unit(symbols.path, data, code, symbols.optimize, Options.of(symbols.variant))
    return unit if unit.symbols() == symbols else None


def _own(code: CodeType, spans: list[Span]) -> Iterator[tuple[list[Range], bool]]:
    """Yield what each block's instructions stand for, and whether they are weak ones only."""
    positions = list(code.co_positions())
    offsets = [span.offset for span in spans]
    held: list[list[tuple[int, Range | None]]] = [[] for _ in spans]
    at = left = -1  # number of the block; of the last one that is over
    for i in decode(code):
        while at + 1 < len(spans) and offsets[at + 1] <= i.start:
            at += 1
        if i.op == CLEANUP_THROW:
            left = at  # what follows is no block's, up to the next one
        elif at > left and positions[i.at][0] is not None:
            line, end, column, last = positions[i.at]
            full = None not in (end, column, last)
            other = i.op == LOAD_COMMON_CONSTANT and i.arg != COMMON_ASSERTION_ERROR
            op = LOAD_CONST if other else i.op
            held[at].append((op, (line, column, end, last) if full else None))  # type: ignore[arg-type]
    withs = {place for block in held for op, place in block if op == WITH_EXCEPT_START}
    for span, instructions in zip(spans, held, strict=True):
        yield _text(span, instructions, withs)


def _text(
    span: Span, held: list[tuple[int, Range | None]], withs: set[Range | None]
) -> tuple[list[Range], bool]:
    """Return what a block's instructions stand for, and whether they are weak ones only.

    withs: what stands between `with` and `as`, where the ways out of a `with` say they are.
    """
    ops = {op for op, _ in held}
    if any(place is None for _, place in held):
        return [span[1:]], False
    if WITH_EXCEPT_START in ops:
        return [], False
    weak = WEAK | ({POP_TOP} if PUSH_EXC_INFO in ops else set())
    # Three constants at one place: what a `with` calls its exit with.
    triples = [n for n in range(len(held) - 2) if held[n] == held[n + 1] == held[n + 2]]
    own = {held[n][1] for n in triples if held[n][0] == LOAD_CONST}
    if RAISE_VARARGS in ops:  # of an `assert`, its message is what is left
        own |= {place for op, place in held if op in LOAD_ASSERTION}
    telling = [
        (op, place) for op, place in held if op not in MUTE and op not in weak and place not in own
    ]
    if RERAISE in ops and all(op in STORES for op, _ in telling):
        return [], False  # out of a comprehension, its names given back
    if telling:
        return _within(span, [place for _, place in telling if place]), False
    own |= withs
    left = [place for op, place in held if op in weak and place and place not in own]
    return _within(span, left), True


def _within(span: Span, places: list[Range]) -> list[Range]:
    """Return the parts of places that are within a block's range, each once."""
    cut = {(max(place[:2], span[1:3]), min(place[2:], span[3:])) for place in places}
    return [(*start, *end) for start, end in sorted(cut) if start < end]
