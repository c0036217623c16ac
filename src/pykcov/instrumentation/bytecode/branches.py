"""Which way each branch of a text went: arcs from a line to the next one, and what tells of each.

A branch is a jump of an `if`, a `while`, a `for` or a `case`. Its edges lead on to another line,
or out of the function, or only to a further jump of the same statement, which then has edges of its
own. So an edge stands for an arc, as coverage.py has them: from the line of the statement to the
first other line, or to the function's exit.

Where all ways into a block are edges of one arc, the block tells of the arc. Else the edge itself
gets a probe (edges.py). Most have a block: at the begin of a body, say, or of an `else`.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from types import CodeType
from typing import NamedTuple

from pykcov import probe
from pykcov.instrumentation.bytecode.blocks import Located, Span, landed
from pykcov.instrumentation.bytecode.codec import handlers
from pykcov.instrumentation.bytecode.opcodes import (
    CLEANUP_THROW,
    END_ASYNC_FOR,
    FINAL,
    FOR_ITER,
    GET_ANEXT,
    JUMPS,
    LANDING,
    NO_JUMP,
    RETURNS,
    SEND,
    UNCONDITIONAL,
)

Arc = tuple[int, int]  # from a line to a line, or to minus the first line of the function


class Edge(NamedTuple):
    """An edge that gets a probe, before the instruction at unit `offset`: on the way of the jumps
    that begin at these units; or, without any, on the way of the instruction before alone."""

    offset: int
    jumps: tuple[int, ...]
    line: int  # of the branch
    column: int


class Branches(NamedTuple):
    """What a code object's branches are told by. arcs: the number of a block, or of an edge, which
    are counted behind the blocks, and the arc."""

    arcs: list[tuple[int, Arc]]
    edges: list[Edge]


_CASE = re.compile(rb"\s*case\b")
NONE_BRANCHED = Branches([], [])


class Layout:
    """The lines of a text. first: of each line that goes on with a statement, its first one.
    branching: first lines of statements that go on in several ways. both: lines with a function or
    class, and with all of its body, which coverage.py takes for a branch, too."""

    def __init__(self, source: bytes) -> None:
        self.first: dict[int, int] = {}
        self.branching: set[int] = set()
        self.both: set[int] = set()
        self._text = source.split(b"\n")
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            return
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            for name in ("body", "handlers", "cases", "orelse", "finalbody"):
                inner = getattr(node, name, None)
                if isinstance(inner, list):
                    stack += reversed(inner)
            if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
                self._add(node)

    def _add(self, node: ast.stmt | ast.excepthandler | ast.match_case) -> None:
        line = self._case(node) if isinstance(node, ast.match_case) else node.lineno
        last = max(line, _header_end(node))
        line = self.first.get(line, line)
        self.first.update(dict.fromkeys(range(line + 1, last + 1), line))
        if isinstance(node, ast.If | ast.While | ast.For | ast.AsyncFor | ast.match_case):
            self.branching.add(line)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.both |= {line} if node.body[0].lineno == last else set()

    def _case(self, node: ast.match_case) -> int:
        """Return the line of the word, which the tree does not have."""
        line = node.pattern.lineno
        while line > 1 and not _CASE.match(self._text[line - 1]):
            line -= 1
        return line

    def line(self, line: int | None) -> int:
        """Return the first line of the statement that a line is of; 0 for none."""
        return self.first.get(line, line) if line else 0


def _header_end(node: ast.stmt | ast.excepthandler | ast.match_case) -> int:
    """Return the last line of a statement, or of what is before its body."""
    bodies = {"body", "handlers", "cases", "orelse", "finalbody", "decorator_list"}
    if not (hasattr(node, "body") or hasattr(node, "cases")):
        return getattr(node, "end_lineno", None) or 0
    found = 0
    for name, value in ast.iter_fields(node):
        if name not in bodies:
            for one in value if isinstance(value, list) else [value]:
                inner = ast.walk(one) if isinstance(one, ast.AST) else ()
                found = max([found, *(getattr(part, "end_lineno", None) or 0 for part in inner)])
    return found


class _Way(NamedTuple):
    """How control comes to an instruction. arc: what the way stands for, if it is an edge. offset:
    where that has a probe, if it needs one. jump: where the jump begins, None where it is fallen
    into. line, column: of the branch."""

    arc: Arc | None
    offset: int = 0
    jump: int | None = None
    line: int = 0
    column: int = 0


def find_branches(
    code: CodeType, spans: Sequence[Span], located: Located, layout: Layout
) -> Branches:
    """Return the arcs of the branches of `code`, and the edges that need probes to tell of them.

    spans, located: as find_blocks() and locate() return them.
    """
    blocks = {span.offset: n for n, span in enumerate(spans)}
    found = _Finding(code, located, layout, blocks)
    arcs = [(blocks[offset], arc) for offset, arc in found.both()]
    edges: list[Edge] = []
    for at, ways in sorted(found.ways().items()):
        known = {way.arc for way in ways}
        offset = found.instructions[at].start
        if len(known) == 1 and offset in blocks:
            [arc] = known
            arcs += [(blocks[offset], arc)] if arc is not None else []
            continue
        for edge, arc in found.edges(ways):
            arcs.append((len(spans) + len(edges), arc))
            edges.append(edge)
    return Branches(arcs, edges)


class _Finding:
    def __init__(
        self, code: CodeType, located: Located, layout: Layout, blocks: Collection[int]
    ) -> None:
        self.instructions = located.instructions
        self.apart = located.arrived.union(blocks)  # where an edge does not just go on
        self.blocks = blocks
        self.passed: set[int] = set()  # lone jumps that are the rest of an edge
        self.index = {i.start: n for n, i in enumerate(self.instructions)}
        units = probe.positions(code.co_linetable, code.co_firstlineno)
        self.places = [(units[i.at][0] or 0, units[i.at][2] or 0) for i in self.instructions]
        self.lines = [layout.line(line) for line, _ in self.places]
        self.layout = layout
        self.exit = -code.co_firstlineno
        self.table = list(handlers(code.co_exceptiontable))
        self.handlers = {self.index[handler.target] for handler in self.table}

    def ways(self) -> dict[int, list[_Way]]:
        """Return the ways to the instructions that edges lead to, by the instruction's number."""
        found: defaultdict[int, list[_Way]] = defaultdict(list)
        for n, i in enumerate(self.instructions):
            branching = self.lines[n] in self.layout.branching
            if i.op == END_ASYNC_FOR:
                self._edge(found, n, n + 1, branching, None)
                continue
            thrown = CLEANUP_THROW in (i.op, self.instructions[n - 1].op)  # of an `await`, and back
            if i.op in LANDING or thrown or n in self.passed:
                continue
            if i.op in JUMPS - NO_JUMP:
                branch = i.op not in UNCONDITIONAL and (i.op != SEND or self._of_loop(n))
                to = self.index[i.target]
                lands = i.op == FOR_ITER and self.instructions[to].op in LANDING
                self._edge(found, n, to, branching and branch, None if lands else i.start)
            if i.op not in FINAL and n + 1 < len(self.instructions):
                self._edge(found, n, n + 1, branching and i.op in JUMPS and i.op != SEND, None)
        for n in self.handlers:
            if self.instructions[n].op != END_ASYNC_FOR:
                found[landed(self.instructions, n)].append(_Way(None))
        return {n: ways for n, ways in found.items() if any(way.arc for way in ways)}

    def _of_loop(self, n: int) -> bool:
        # GET_ANEXT; PUSH_NULL (since 3.15); None; SEND
        return any(i.op == GET_ANEXT for i in self.instructions[max(0, n - 3) : n])

    def _edge(
        self,
        found: dict[int, list[_Way]],
        n: int,
        to: int,
        branch: bool,
        jump: int | None,
    ) -> None:
        at = landed(self.instructions, to)
        if not branch:
            found[at].append(_Way(None))
            return
        way = _Way(self._arc(self.lines[n], at), self.instructions[at].start, jump, *self.places[n])
        if jump is None and way.offset not in self.apart:
            lone = self.instructions[at]
            if lone.op in UNCONDITIONAL:
                self.passed.add(at)
                at = landed(self.instructions, self.index[lone.target])
        found[at].append(way)

    def _arc(self, line: int, n: int) -> Arc | None:
        """Follow an edge of a branch on a line to the first other line, or out."""
        seen = set()
        while n not in seen and n < len(self.instructions):
            seen.add(n)
            i = self.instructions[n]
            if self.lines[n] and self.lines[n] != line:
                return line, self.lines[n]
            if i.op in RETURNS:
                return line, self.exit
            if i.op in UNCONDITIONAL or i.op == SEND:
                n = self.index[i.target]
            elif i.op in FINAL:  # it raises
                to = next((h.target for h in self.table if h.start <= i.start < h.end), None)
                if to is None:
                    return line, self.exit
                n = self.index[to]
            elif i.op in JUMPS:
                return None
            else:
                n += 1
        return None

    def both(self) -> Iterator[tuple[int, Arc]]:
        """Yield where blocks begin that go on from a line with a function and its body, and how."""
        for offset in self.blocks:
            n = self.index[offset]
            if self.lines[n] in self.layout.both:
                arc = self._arc(self.lines[n], n)
                if arc is not None:
                    yield offset, arc

    def edges(self, ways: list[_Way]) -> Iterator[tuple[Edge, Arc]]:
        """Yield the edges among the ways to an instruction, those of one arc together where they
        jump.

        A jump that stays on its line has none: a trace function would hear of the way around.
        """
        jumping: defaultdict[Arc, list[_Way]] = defaultdict(list)
        for way in ways:
            if way.arc is None:
                continue
            if way.jump is None:
                yield Edge(way.offset, (), way.line, way.column), way.arc
            elif way.line != self.places[self.index[way.offset]][0]:
                jumping[way.arc].append(way)
        for arc, some in jumping.items():
            starts = tuple(way.jump for way in some if way.jump is not None)
            yield Edge(some[0].offset, starts, some[0].line, some[0].column), arc
