"""Where a text's statements are, and where each is begun (docs/reports.md).

A statement is begun when the first instruction that it compiles to is executed. Which one that is,
the text alone does not say: it depends on the version. But it is the first, in the code's order, of
those that evaluate something from its beginning, and whatever copies of the statement there are,
theirs is at the same place of the text. Only statements that are a word or a constant may begin
with anything.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain

Position = tuple[int, int]  # line and column, which counts UTF-8 bytes


class Begins(Enum):
    """How a statement begins."""

    VALUE = "evaluates something"
    BARE = "is a word or a constant"
    LEAVING = "is one, and a `finally` or the end of a `with` comes in the middle of it"
    PATTERN = "tests a subject"
    ANYTHING = "takes a subject, whatever it is"


@dataclass(frozen=True)
class Statement:
    """A statement, or the first part of a compound one: up to its body; or a lambda's value.

    line: its first one. scope: qualified name of the function that it is in. rounds: what is
    executed once for each further time that a loop's line is begun: the target of a `for`; the body
    of a `while` on one line, unless it is `tested` by the block that the line begins with.
    """

    line: int
    scope: str
    start: Position
    end: Position
    begins: Begins = Begins.VALUE
    rounds: tuple[Position, Position] | None = None
    tested: bool = False


LAMBDA = "<lambda>"
_CASE = re.compile(rb"\s*case\b")
_COMPUTED = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.operator, ast.unaryop,
             ast.expr_context)  # fmt: skip


def statements(source: bytes) -> list[Statement] | None:
    """Return the statements of a text, outer ones first, or None if it is no Python."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source)
        found = list(_Scope("<module>", "", source.split(b"\n")).of(tree.body))
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            begins = Begins.BARE if _is_computed(node.body) else Begins.VALUE
            found.append(Statement(node.body.lineno, LAMBDA, *_range(node.body), begins))
    return found


@dataclass
class _Scope:
    """Walks the statements of a function, a class or the module, and those within.

    leaves, breaks: does `return`, do `break` and `continue` go through a `finally`, or the end of a
    `with`?
    """

    name: str
    prefix: str  # of the names of what is defined here
    text: list[bytes]
    leaves: bool = False
    breaks: bool = False
    known_global: frozenset[str] = frozenset()

    def of(self, body: Iterable[ast.stmt]) -> Iterator[Statement]:
        for node in body:
            yield from self._statement(node)

    def _statement(self, node: ast.stmt) -> Iterator[Statement]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                yield self._made(decorator, _range(decorator))
            yield self._made(node, (_start(node), _start(node.body[0])))
            yield from self._within(node)
        elif isinstance(node, ast.Try | ast.TryStar):
            yield self._made(node, (_start(node), _end(node.body[0])))
            yield from self._try(node)
        elif isinstance(node, ast.Match):
            yield self._made(node, (_start(node), _end(node.subject)))
            for case in node.cases:
                yield self._case(case)
                yield from self.of(case.body)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            yield self._loop(node)
            yield from self._with(node.body, breaks=False)
            yield from self.of(node.orelse)
        elif isinstance(node, ast.If):
            yield self._made(node, (_start(node), _start(node.body[0])))
            yield from self.of(chain(node.body, node.orelse))
        elif isinstance(node, ast.With | ast.AsyncWith):
            yield self._made(node, (_start(node), _start(node.body[0])))
            yield from self._with(node.body, leaves=True, breaks=True)
        else:
            if isinstance(node, ast.Global):
                self.known_global |= set(node.names)
            yield self._made(node, _range(node), self._simple(node))

    def _made(
        self,
        node: ast.stmt | ast.expr | ast.excepthandler,
        range_: tuple[Position, Position],
        begins: Begins = Begins.VALUE,
        rounds: tuple[Position, Position] | None = None,
    ) -> Statement:
        return Statement(node.lineno, self.name, *range_, begins, rounds)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> Statement:
        header = _start(node), _start(node.body[0])
        if not isinstance(node, ast.While):
            return self._made(node, header, rounds=_range(node.target))
        begins = Begins.BARE if _is_computed(node.test) else Begins.VALUE
        one_line = node.body[0].lineno == node.test.end_lineno
        made = self._made(node, header, begins, _range(node.body[0]) if one_line else None)
        return replace(made, tested=True)

    def _simple(self, node: ast.stmt) -> Begins:
        if isinstance(node, ast.Break | ast.Continue):
            return Begins.LEAVING if self.breaks else Begins.BARE
        if isinstance(node, ast.Return) and _is_computed(node.value):
            return Begins.LEAVING if self.leaves else Begins.BARE
        if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and _is_computed(node.value)):
            return Begins.BARE
        return Begins.VALUE

    def _with(
        self, body: Iterable[ast.stmt], leaves: bool | None = None, breaks: bool | None = None
    ) -> Iterator[Statement]:
        """Walk a body in which leaving is another thing."""
        before = self.leaves, self.breaks
        self.leaves = self.leaves if leaves is None else leaves
        self.breaks = self.breaks if breaks is None else breaks
        yield from self.of(body)
        self.leaves, self.breaks = before

    def _within(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    ) -> Iterator[Statement]:
        name = node.name if node.name in self.known_global else self.prefix + node.name
        inner = "." if isinstance(node, ast.ClassDef) else ".<locals>."
        for statement in _Scope(name, name + inner, self.text).of(node.body):
            if statement.line == node.lineno:  # `def f(): pass` has a line, and no columns
                statement = replace(statement, start=(node.lineno, 0))
            yield statement

    def _try(self, node: ast.Try | ast.TryStar) -> Iterator[Statement]:
        through = True if node.finalbody else None
        yield from self._with(node.body, through, through)
        for handler in node.handlers:
            begins = Begins.VALUE if handler.type else Begins.ANYTHING
            yield self._made(handler, (_start(handler), _start(handler.body[0])), begins)
            yield from self._with(handler.body, through, through)
        yield from self._with(node.orelse, through, through)
        yield from self.of(node.finalbody)

    def _case(self, case: ast.match_case) -> Statement:
        pattern = case.pattern
        line = pattern.lineno
        while line > 1 and not _CASE.match(self.text[line - 1]):
            line -= 1
        anything = isinstance(pattern, ast.MatchAs) and pattern.pattern is None
        end = _end(pattern) if case.guard else _start(case.body[0])
        begins = Begins.ANYTHING if anything else Begins.PATTERN
        return Statement(line, self.name, _start(pattern), end, begins)


def _start(node: ast.stmt | ast.expr | ast.excepthandler | ast.pattern) -> Position:
    return node.lineno, node.col_offset


def _end(node: ast.stmt | ast.expr | ast.pattern) -> Position:
    return node.end_lineno or node.lineno, node.end_col_offset or 0


def _range(node: ast.stmt | ast.expr) -> tuple[Position, Position]:
    return _start(node), _end(node)


def _is_computed(value: ast.expr | None) -> bool:
    """Is it nothing, or a constant, maybe one that the compiler makes of others?"""
    return value is None or all(isinstance(node, _COMPUTED) for node in ast.walk(value))
