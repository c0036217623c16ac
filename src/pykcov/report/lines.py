"""From blocks to lines: which were executed, and how often."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pykcov.report.data import Measured
from pykcov.symbols import FileSymbols


def lines_of(symbols: FileSymbols, blocks: Iterable[int]) -> set[int]:
    """Return the lines with code that the blocks cover."""
    found: set[int] = set()
    for block in blocks:
        found.update(symbols.block(0, block).lines)
    return found


def hits_of_lines(symbols: FileSymbols, hits: Mapping[int, int]) -> dict[int, int]:
    """Return how often each line was executed: as often as that block of it that was most."""
    found: dict[int, int] = {}
    for block, count in hits.items():
        for line in symbols.block(0, block).lines:
            found[line] = max(found.get(line, 0), count)
    return found


@dataclass
class FileLines:
    """What was executed of a file, as its source is now.

    lines: by context. hits: how often each line was executed. stale: blocks that are left out,
    because they were executed of another text of the file.
    """

    path: str
    lines: dict[str, set[int]] = field(default_factory=dict)
    hits: dict[int, int] = field(default_factory=dict)
    stale: int = 0


def source_of(path: str) -> str | None:
    """Return the SHA-256 of a file's text, or None if it can't be read."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None


def by_file(measured: Iterable[Measured]) -> dict[str, FileLines]:
    """Return what was executed, by path."""
    found: dict[str, FileLines] = {}
    sources: dict[str, str | None] = {}
    for one in measured:
        path = one.symbols.path
        if path not in sources:
            sources[path] = source_of(path)
        file = found.setdefault(path, FileLines(path))
        if sources[path] is not None and sources[path] != one.symbols.source:
            file.stale += len(one.total())
            continue
        for context, hits in one.hits.items():
            file.lines.setdefault(context, set()).update(lines_of(one.symbols, hits))
        for line, count in hits_of_lines(one.symbols, one.total()).items():
            file.hits[line] = file.hits.get(line, 0) + count
    return found
