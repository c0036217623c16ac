"""How often statements are begun, as sys.settrace tells it, by rules that no CPython changes.

A line event is of the innermost statement on whose lines it is. A statement is begun at an event of
it where the event before, in that frame, was of another one. Not where it is come back to: a `with`
or an `except*` at its end, a `return` behind the `finally` that it went through. A `for` is begun
once for each time that it was come to from outside, and once for each round.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from types import CodeType, FrameType
from typing import Any

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LOOPS = (ast.For, ast.AsyncFor)
_WITHS = (ast.With, ast.AsyncWith)
_WORDS = (ast.Return, ast.Break, ast.Continue, ast.Pass)
Node = ast.stmt | ast.excepthandler | ast.match_case


class Statements:
    """The statements of a text, by line, and what they are in."""

    def __init__(self, text: str) -> None:
        self.text = text.splitlines()
        self.parents: dict[ast.AST, ast.AST] = {}
        self.of_line: dict[int, Node] = {}
        self.first_line: dict[Node, int] = {}
        tree = ast.parse(text)
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
        for node in ast.walk(tree):  # outer ones first
            if isinstance(node, ast.stmt | ast.excepthandler):
                self._add(node, node.lineno, node.end_lineno or 0)
            elif isinstance(node, ast.match_case):
                line = node.pattern.lineno
                while not self.text[line - 1].lstrip().startswith("case"):
                    line -= 1
                self._add(node, line, node.body[-1].end_lineno or 0)

    def _add(self, node: Node, line: int, last: int) -> None:
        self.first_line[node] = line
        self.of_line.update(dict.fromkeys(range(line, last + 1), node))

    def above(self, node: ast.AST) -> list[ast.AST]:
        """What a node is in, from the inside."""
        found = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return found

    def function(self, node: ast.AST) -> tuple[str, int]:
        """Name and first line of the code that a statement is in."""
        for outer in self.above(node):
            if isinstance(outer, _FUNCTIONS):
                lines = [outer.lineno, *(one.lineno for one in outer.decorator_list)]
                return outer.name, min(lines)
        return "<module>", 1

    def comes_back(self, node: Node, before: Node | None) -> bool:
        """Is it only come back to, from the statement before?"""
        if before is None or before is node:
            return before is node
        if isinstance(node, (*_WITHS, ast.ExceptHandler)):
            return node in self.above(before)
        if isinstance(node, _WORDS):
            for outer in self.above(node):
                if isinstance(outer, _WITHS) and outer is before:
                    return True
                final = outer.finalbody if isinstance(outer, ast.Try | ast.TryStar) else []
                if any(one is before or one in self.above(before) for one in final):
                    return True
        return False

    def ambiguous(self) -> set[Node]:
        """Statements that may come directly behind themselves: the first of a `while True`."""
        found: set[Node] = set()
        for node in self.first_line:
            if isinstance(node, ast.While) and isinstance(node.test, ast.Constant):
                found.add(node)
                inner: Any = node.body[0]
                while True:
                    found.add(inner)
                    if not isinstance(inner, ast.With | ast.AsyncWith | ast.Try):
                        break
                    inner = inner.body[0]
        return found


def begun(text: str, code: CodeType, names: dict[str, Any]) -> dict[int, int]:
    """Execute code, and return how often the statement that begins on each line was begun."""
    known = Statements(text)
    counts: Counter[Node] = Counter()
    last: dict[FrameType, Node | None] = {}

    def local(frame: FrameType, event: str, _arg: Any) -> Any:
        node = known.of_line.get(frame.f_lineno) if event == "line" else None
        if node is not None and known.function(node) == (
            frame.f_code.co_name,
            frame.f_code.co_firstlineno,
        ):
            before = last.get(frame)
            last[frame] = node
            if isinstance(node, _LOOPS):
                counts[node] += before is not node and not (before and node in known.above(before))
            elif not known.comes_back(node, before):
                counts[node] += 1
            if before is not node and isinstance(before, _LOOPS) and _in_body(known, node, before):
                counts[before] += 1
        return local

    def calls(frame: FrameType, _event: str, _arg: Any) -> Any:
        return local if frame.f_code.co_filename == code.co_filename else None

    previous = sys.gettrace()
    sys.settrace(calls)
    try:
        exec(code, names)
    finally:
        sys.settrace(previous)
    unsure = known.ambiguous()
    return {known.first_line[node]: n for node, n in counts.items() if node not in unsure}


def _in_body(known: Statements, node: Node, loop: ast.For | ast.AsyncFor) -> bool:
    return any(one is node or one in known.above(node) for one in loop.body)


# -- a text with its statements in brackets, and these over lines ---------------------------------

_WRAPPED = ("if", "elif", "while", "return")


def spread(text: str) -> str:
    """Return a text with a line for all that stands in brackets, and tests and results in some, as
    formatters have it where lines would be too long."""
    return _in_lines(_in_brackets(ast.unparse(ast.parse(text))))


def _in_brackets(text: str) -> str:
    out = []
    string = 0  # lines of a string that go on
    inside = {
        n
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.start[0] != token.end[0] and token.type not in (tokenize.NL, tokenize.NEWLINE)
        for n in range(token.start[0], token.end[0] + 1)
    }
    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        if word in _WRAPPED and rest and number not in inside and not string:
            end = ":" if word != "return" else ""
            line = f"{line[: len(line) - len(line.lstrip())]}{word} ({rest.removesuffix(end)}){end}"
        out.append(line)
    return "\n".join(out) + "\n"


def _in_lines(text: str) -> str:
    lines = text.splitlines(keepends=True)
    cuts: set[tuple[int, int]] = set()
    depth = within = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        within += (name in ("FSTRING_START", "TSTRING_START")) - (
            name in ("FSTRING_END", "TSTRING_END")
        )
        if within:
            continue
        if token.type == tokenize.OP and token.string in ")]}":
            depth -= 1
            cuts.add(token.start)
        if depth and token.type == tokenize.NAME and token.string in ("and", "or", "if", "else"):
            cuts.add(token.start)
        if token.type == tokenize.OP and (token.string in "([{" or (depth and token.string == ",")):
            depth += token.string != ","
            cuts.add(token.end)
    out = []
    for number, line in enumerate(lines, 1):
        at = 0
        for column in sorted(column for row, column in cuts if row == number):
            out += [line[at:column], "\n"]
            at = column
        out.append(line[at:])
    return "".join(out)
