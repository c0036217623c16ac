"""Turns executed blocks into executed lines and their counts."""

from __future__ import annotations

import hashlib
import os
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pykcov.instrumentation.bytecode.block_heads import BEGINNING, Kind
from pykcov.instrumentation.options import Options
from pykcov.measure.datafile import Measured
from pykcov.measure.unexecuted import is_listed
from pykcov.report.statements import LAMBDA, Begins, Position, Statement, statements
from pykcov.symbols.blocks import AGAIN, FALLEN, FileSymbols, text_of


def lines_of(symbols: FileSymbols, blocks: Iterable[int]) -> set[int]:
    """Return the lines with code that the blocks cover."""
    found: set[int] = set()
    for block in blocks:
        found.update(symbols.block(0, block).lines)
    return found


def hits_of_lines(
    symbols: FileSymbols, hits: Mapping[int, int], begun: list[Statement] | None = None
) -> dict[int, int]:
    """Return how often each executed line was begun (docs/reports.md).

    begun: the statements of the source. A line has the count of the first statement on it; if a
    function's body begins there, too (a lambda's, for example), the higher count. Lines within a
    statement have the count of the block executed most often there. So do all lines if blocks span
    several lines, or the source is not Python.
    """
    found: dict[int, int] = {}
    for block, count in hits.items():
        for line in symbols.block(0, block).lines if count else ():
            found[line] = max(found.get(line, 0), count)
    if not symbols.heads or begun is None:
        return found
    heads = _Heads(symbols, {block: n for block, n in hits.items() if block < symbols.blocks})
    first: dict[int, dict[str, int]] = {}  # by line and scope
    for statement in begun:
        on_line = first.setdefault(statement.line, {})
        # A loader may have turned one statement into many, as pytest does with assert.
        most = None if symbols.as_compiled else found.get(statement.line, 0)
        if statement.scope not in on_line and (times := heads.begun(statement, most)) is not None:
            on_line[statement.scope] = times
    within = heads.by_line()
    for line in first.keys() | found.keys():
        counts = first.get(line) or {"": within.get(line, 0)}
        most = max(counts.values()) or found.get(line, 0)
        if most:
            found[line] = most
    return found


class _Heads:
    """How the blocks of a source file begin, and how often they were executed."""

    def __init__(self, symbols: FileSymbols, hits: Mapping[int, int]) -> None:
        self._hits = hits
        self._spans = symbols.spans
        self._heads = symbols.heads
        self._places: dict[str, list[tuple[int, int, int]]] = {}  # line, column, block; by scope
        for block, (span, head) in enumerate(zip(symbols.spans, symbols.heads, strict=False)):
            name = symbols.functions[span[0]]
            scope = LAMBDA if name.endswith(LAMBDA) else name
            self._places.setdefault(scope, []).append((span[1], head[1], block))
        for places in self._places.values():
            places.sort()

    def begun(self, statement: Statement, most: int | None = None) -> int | None:
        """Return how often a statement was begun; None if it has no code. most: an upper limit, the
        count of any of its parts."""
        blocks = self._between(statement, statement.start, statement.end)
        found = self._beginnings(statement, blocks)
        if not found:
            return None
        count = self._sum(found, most)
        again = statement.tested and self._heads[found[0]][0] & AGAIN
        if statement.rounds is not None and not again:
            rounds = self._between(statement, *statement.rounds)
            count += self._sum(self._alike(rounds), most)
        return count

    def _sum(self, blocks: Iterable[int], most: int | None) -> int:
        count = sum(self._hits.get(block, 0) for block in blocks)
        return count if most is None else min(count, most)

    def _between(self, statement: Statement, start: Position, end: Position) -> list[int]:
        """Return the blocks of a statement's scope that begin between two positions, in order."""
        places = self._places.get(statement.scope, [])
        low, high = bisect_left(places, start), bisect_left(places, end)
        return sorted(block for _, _, block in places[low:high])

    def _beginnings(self, statement: Statement, blocks: list[int]) -> list[int]:
        kinds = {block: self._kind(block) for block in blocks}
        match statement.begins:
            case Begins.BARE:
                return self._not_within(blocks, blocks)
            case Begins.LEAVING:
                nops = [block for block in blocks if kinds[block] == Kind.NOP]
                return self._not_within(nops or blocks, blocks)
            case Begins.VALUE:
                return self._alike([block for block in blocks if kinds[block] in BEGINNING], blocks)
            case Begins.PATTERN:
                unfit = (Kind.OTHER, Kind.POP)
                return self._alike([b for b in blocks if kinds[b] not in unfit], blocks)
            case Begins.ANYTHING:
                return self._alike(blocks, blocks)

    def _kind(self, block: int) -> int:
        return self._heads[block][0] & ~(FALLEN | AGAIN)

    def _alike(self, blocks: list[int], within: Collection[int] = ()) -> list[int]:
        """Return the blocks that begin like the first one."""

        def key(block: int) -> tuple[int, ...]:
            return self._kind(block), self._spans[block][1], *self._heads[block][1:]

        return self._not_within([block for block in blocks if key(block) == key(blocks[0])], within)

    def _not_within(self, blocks: list[int], within: Collection[int]) -> list[int]:
        """Leave out blocks that the previous block falls through to, if that is `within`, too."""
        return [
            block
            for block in blocks
            if not (
                self._heads[block][0] & FALLEN
                and block - 1 in within
                and self._spans[block - 1][0] == self._spans[block][0]
            )
        ]

    def by_line(self) -> dict[int, int]:
        """Return the highest count on each line; copies of a block are added up."""
        alike: dict[tuple[int, ...], int] = {}
        for block, count in self._hits.items():
            key = (self._spans[block][1], self._kind(block), *self._heads[block][1:])
            alike[key] = alike.get(key, 0) + count
        found: dict[int, int] = {}
        for (line, *_), count in alike.items():
            found[line] = max(found.get(line, 0), count)
        return found


@dataclass
class FileLines:
    """What was executed of a file, for its current source.

    lines: executed lines, by context. arcs: branches taken, by context; None if not measured. hits:
    how often each line was begun. current: whether the current source is what was measured. stale:
    number of blocks left out because they belong to another version of the source, or to a file
    that no longer exists.
    """

    path: str
    lines: dict[str, set[int]] = field(default_factory=dict)
    arcs: dict[str, dict[tuple[int, int], int]] | None = None
    hits: dict[int, int] = field(default_factory=dict)
    current: bool = False
    stale: int = 0

    def taken(self) -> dict[tuple[int, int], int]:
        """Return how often each branch from line to line was taken, in all contexts together."""
        found: dict[tuple[int, int], int] = {}
        for arcs in (self.arcs or {}).values():
            for arc, count in arcs.items():
                found[arc] = found.get(arc, 0) + count
        return found


def left_out(files: Mapping[str, FileLines]) -> Iterator[str]:
    """Return lines that name files with parts left out, and why."""
    for path, file in files.items():
        if file.stale or not file.current:
            what = "has changed since" if os.path.exists(path) else _why_not_there(path)  # noqa: PTH110
            yield f"{path} {what}" + (f": {file.stale} blocks of it left out" if file.stale else "")


def _why_not_there(path: str) -> str:
    """Return a path with backslash escapes for bytes that are not UTF-8."""
    plain = re.sub(r"\\u(dc[0-9a-f]{2})", lambda found: chr(int(found[1], 16)), path)
    if plain != path and os.path.exists(plain):  # noqa: PTH110
        return "has a name that is no UTF-8, so no report can have it"
    return "is gone"


def current(files: Mapping[str, FileLines]) -> dict[str, FileLines]:
    """Return the files that reports can show."""
    return {path: file for path, file in files.items() if file.current}


def real(path: str) -> str:
    """Return a file's name as coverage.py spells it, with links resolved."""
    return os.path.realpath(path)


def _add_arcs(
    arcs: dict[tuple[int, int], int], symbols: FileSymbols, hits: Mapping[int, int]
) -> None:
    """Add the counts of branches from line to line."""
    for number, start, end in symbols.arcs:
        if count := hits.get(number, 0):
            arcs[start, end] = arcs.get((start, end), 0) + count


def by_file(measured: Iterable[Measured]) -> dict[str, FileLines]:
    """Return what was executed, by real path."""
    found: dict[str, FileLines] = {}
    texts: dict[str, tuple[str, list[Statement] | None] | None] = {}
    for one in measured:
        path = real(one.symbols.path)
        if path not in texts:
            text = text_of(path)
            texts[path] = (
                None if text is None else (hashlib.sha256(text).hexdigest(), statements(text))
            )
        file = found.setdefault(path, FileLines(path))
        known = texts[path]
        if is_listed(one):
            file.current |= known is not None
            continue
        in_archive = known is None and any(parent.is_file() for parent in Path(path).parents)
        if not in_archive and (known is None or known[0] != one.symbols.source):
            file.stale += len(one.total())
            continue
        file.current = True
        for context, hits in one.hits.items():
            file.lines.setdefault(context, set()).update(lines_of(one.symbols, hits))
            if Options.of(one.symbols.variant).branch:
                file.arcs = {} if file.arcs is None else file.arcs
                _add_arcs(file.arcs.setdefault(context, {}), one.symbols, hits)
        begun = known[1] if known else None
        for line, count in hits_of_lines(one.symbols, one.total(), begun).items():
            file.hits[line] = file.hits.get(line, 0) + count
    return found
