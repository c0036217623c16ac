"""Functions and classes that the user excludes, by their def or class lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from pykcov.errors import PykcovError

PRAGMA = r"#\s*pragma:\s*no\s+kcov\b"

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def checked(patterns: Iterable[str] | str) -> tuple[str, ...]:
    """Return regular expressions as a tuple. Raises PykcovError: exclude-bad."""
    patterns = (patterns,) if isinstance(patterns, str) else tuple(patterns)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            text = f"exclude={pattern!r} is not a regular expression: {error}"
            raise PykcovError("exclude-bad", text) from None
    return patterns


def excluded(source: bytes, patterns: Iterable[str]) -> set[int]:
    """Return the lines of all excluded functions and classes.

    That is one where PRAGMA or a pattern matches in a line from its first decorator to the end of
    its `def ...:` or `class ...:`, with all that is within.
    """
    found = re.compile("|".join(f"(?:{pattern})" for pattern in (PRAGMA, *patterns)))
    text = source.decode("utf-8", "replace")
    if not found.search(text):  # parsing takes as long as compiling
        return set()
    lines = ["", *text.splitlines()]
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()  # whoever compiles it says what is wrong
    out: set[int] = set()
    for node, first, last in _definitions(tree):
        end = node.end_lineno or last
        if first in out and end in out:
            continue  # within another one
        if any(found.search(line) for line in lines[first : last + 1]):
            out.update(range(first, end + 1))
    return out


def _definitions(tree: ast.Module) -> Iterator[tuple[_Definition, int, int]]:
    """Yield each definition, with the first and the last line of its head."""
    for node in ast.walk(tree):
        if isinstance(node, _Definition):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            yield node, first, max(node.lineno, node.body[0].lineno - 1)
