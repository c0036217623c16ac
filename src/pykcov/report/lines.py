"""From blocks to lines: which were executed, and how often."""

from __future__ import annotations

import ast
import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pykcov.instrumentation.versions import WHILE_TESTS_ONCE
from pykcov.report.data import Measured
from pykcov.symbols import FileSymbols


def lines_of(symbols: FileSymbols, blocks: Iterable[int]) -> set[int]:
    """Return the lines with code that the blocks cover."""
    found: set[int] = set()
    for block in blocks:
        found.update(symbols.block(0, block).lines)
    return found


class Shape(NamedTuple):
    """What the text says of how its lines are begun.

    targets: where the x of a `for x in y` begins. tests: lines of the tests of `if`s outside of any
    `finally` (and of `while`s, WHILE_TESTS_ONCE), and with all of an `except X: ...` on them: there
    is one copy of each. loops: lines with all of a `while` on them. plain: lines of statements that
    control passes through without leaving them in between. clauses: lines of `except X`, and where
    X ends. asserts: theirs.
    """

    targets: frozenset[tuple[int, int]] = frozenset()
    tests: frozenset[int] = frozenset()
    loops: frozenset[int] = frozenset()
    plain: frozenset[int] = frozenset()
    clauses: Mapping[int, tuple[int, int]] = MappingProxyType({})
    asserts: frozenset[int] = frozenset()


_COMPOUND = (
    ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Match, ast.Try,
    ast.TryStar, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
)  # fmt: skip
_LEFT = (
    ast.Yield, ast.YieldFrom, ast.Await, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.Lambda,
)  # fmt: skip


def shape_of(source: bytes) -> Shape | None:
    """Return the shape of a text, or None if it is no Python."""
    try:
        with warnings.catch_warnings(action="ignore"):
            nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return None
    targets = {
        (node.target.lineno, node.target.col_offset)
        for node in nodes
        if isinstance(node, ast.For | ast.AsyncFor)
    }
    once = ast.If | ast.While if WHILE_TESTS_ONCE else ast.If
    tests = _lines(node.test for node in nodes if isinstance(node, once))
    tests -= _lines(
        statement
        for node in nodes
        if isinstance(node, ast.Try | ast.TryStar)
        for statement in node.finalbody
    )
    loops = {
        node.lineno
        for node in nodes
        if isinstance(node, ast.While) and node.body[0].lineno == node.lineno
    }
    statements = [node for node in nodes if isinstance(node, ast.stmt)]
    compound = {node.lineno for node in statements if isinstance(node, (*_COMPOUND, ast.Pass))}
    plain = _lines(node for node in statements if not isinstance(node, _COMPOUND)) - compound
    plain -= _lines(node for node in nodes if isinstance(node, _LEFT))
    clauses = {
        node.lineno: (node.type.end_lineno or node.lineno, node.type.end_col_offset or 0)
        for node in nodes
        if isinstance(node, ast.ExceptHandler) and node.type is not None
    }
    short = {  # `except X: ...` on one line: its blocks' columns are all the same
        node.lineno
        for node in nodes
        if isinstance(node, ast.ExceptHandler) and node.body[0].lineno == node.lineno
    }
    plain -= short
    tests |= short
    asserts = _lines(node for node in statements if isinstance(node, ast.Assert))
    return Shape(
        frozenset(targets), frozenset(tests), frozenset(loops), frozenset(plain), clauses,
        frozenset(asserts),
    )  # fmt: skip


def _lines(nodes: Iterable[ast.stmt | ast.expr]) -> set[int]:
    return {n for node in nodes for n in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def hits_of_lines(
    symbols: FileSymbols, hits: Mapping[int, int], shape: Shape | None = None
) -> dict[int, int]:
    """Return how often each line that was executed was begun (docs/reports.md).

    A line's blocks come in runs, which other lines' blocks part; what begins a run begins the line.
    The compiler makes copies (of a `finally`, of the test of a `while`, of a short `return`): they
    have the same columns, and count together. Other runs come back to the line within one statement
    (a call to its first line, behind its arguments), and do not count: the most often executed one
    does. A round of a `for` loop begins the loop's line again. Without a shape, nobody
    knows copies from what comes back: then it is what the line's most often executed block has. So
    it is with an assert that a loader has changed: pytest makes many statements of it, all of which
    have its columns.
    """
    most = _most(symbols, hits)
    if shape is None:
        return most
    begun: dict[int, dict[tuple[int, ...], int]] = {}
    rounds: dict[int, int] = {}
    headers = _headers(symbols, shape)
    for run in _runs(symbols):
        targets = [block for block in run if symbols.spans[block][1:3] in shape.targets]
        others = [block for block in run if block not in targets]
        lines = symbols.block(0, run[0]).lines
        for line in lines:
            if targets:
                rounds[line] = rounds.get(line, 0) + sum(hits.get(block, 0) for block in targets)
            elif line in headers:
                continue  # what follows the loop, on the loop's line
            if not others:
                continue
            first = symbols.spans[others[0]]
            same = [hits.get(block, 0) for block in others if symbols.spans[block] == first]
            if line in shape.loops:
                count = max(hits.get(block, 0) for block in others)
            else:
                count = sum(same) if line in shape.plain else same[0]
            counts = begun.setdefault(line, {})
            together = max if line in shape.tests else int.__add__
            counts[first] = together(counts.get(first, 0), count)
    found = {
        line: max(begun.get(line, {}).values(), default=0) + rounds.get(line, 0)
        for line in begun.keys() | rounds.keys()
    }
    found.update(_clauses(symbols, hits, shape))
    if not symbols.as_compiled:
        found.update((line, most[line]) for line in shape.asserts & most.keys())
    for block, count in hits.items():
        for line in symbols.block(0, block).lines if count else ():
            found[line] = found.get(line, 0) or count
    return {line: count for line, count in found.items() if count}


def _most(symbols: FileSymbols, hits: Mapping[int, int]) -> dict[int, int]:
    """Return how often each line's most often executed block was executed."""
    found: dict[int, int] = {}
    for block, count in hits.items():
        for line in symbols.block(0, block).lines:
            found[line] = max(found.get(line, 0), count)
    return found


def _clauses(
    symbols: FileSymbols, hits: Mapping[int, int], shape: Shape
) -> Iterator[tuple[int, int]]:
    """Yield the lines of `except X` and how often they were begun: as often as X was.

    What a run begins with can't tell: the compiler puts copies of a handler behind each other, and
    the last block of one, which raises the exception again where X is not it, is on the line, too.
    """
    tests: dict[int, tuple[int, ...]] = {}
    counts: dict[tuple[int, ...], int] = {}
    for block, span in enumerate(symbols.spans):
        if span[1] in shape.clauses and span[3:] <= shape.clauses[span[1]]:
            first = tests.setdefault(span[1], span)
            if span == first:
                counts[span] = counts.get(span, 0) + hits.get(block, 0)
    return ((line, counts[span]) for line, span in tests.items())


def _runs(symbols: FileSymbols) -> Iterator[list[int]]:
    """Yield the blocks, those that follow each other on one line of one function together."""
    blocks = enumerate(symbols.spans)
    for _, run in groupby(blocks, lambda item: (item[1][0], item[1][1], item[1][3])):
        yield [block for block, _ in run]


def _headers(symbols: FileSymbols, shape: Shape) -> set[int]:
    """Return the lines of loops with their iterable and their target in one run."""
    found: set[int] = set()
    for run in _runs(symbols):
        targets = [block for block in run if symbols.spans[block][1:3] in shape.targets]
        if targets and len(targets) < len(run):
            found.update(symbols.block(0, run[0]).lines)
    return found


@dataclass
class FileLines:
    """What was executed of a file, as its source is now.

    lines: by context. hits: how often each line was begun. current: what was measured is its text
    as it is now. stale: blocks that are left out, because they were executed of another text of the
    file, or of one that is gone.
    """

    path: str
    lines: dict[str, set[int]] = field(default_factory=dict)
    hits: dict[int, int] = field(default_factory=dict)
    current: bool = False
    stale: int = 0


def left_out(files: Mapping[str, FileLines]) -> Iterator[str]:
    """Say of which files something is left out, and why."""
    for path, file in files.items():
        if file.stale or not file.current:
            what = "has changed since" if os.path.exists(path) else "is gone"  # noqa: PTH110
            yield f"{path} {what}: {file.stale} blocks of it left out"


def current(files: Mapping[str, FileLines]) -> dict[str, FileLines]:
    """Return the files of which something can be shown."""
    return {path: file for path, file in files.items() if file.current}


def text_of(path: str) -> bytes | None:
    """Return a file's text, or None if it can't be read."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def real(path: str) -> str:
    """Return the name that coverage.py has for a file: without links."""
    return os.path.realpath(path)


def by_file(measured: Iterable[Measured]) -> dict[str, FileLines]:
    """Return what was executed, by real path."""
    found: dict[str, FileLines] = {}
    texts: dict[str, tuple[str, Shape | None] | None] = {}
    for one in measured:
        path = real(one.symbols.path)
        if path not in texts:
            text = text_of(path)
            texts[path] = (
                None if text is None else (hashlib.sha256(text).hexdigest(), shape_of(text))
            )
        file = found.setdefault(path, FileLines(path))
        known = texts[path]
        in_archive = known is None and any(parent.is_file() for parent in Path(path).parents)
        if not in_archive and (known is None or known[0] != one.symbols.source):
            file.stale += len(one.total())
            continue
        file.current = True
        for context, hits in one.hits.items():
            file.lines.setdefault(context, set()).update(lines_of(one.symbols, hits))
        shape = known[1] if known else None
        for line, count in hits_of_lines(one.symbols, one.total(), shape).items():
            file.hits[line] = file.hits.get(line, 0) + count
    return found
