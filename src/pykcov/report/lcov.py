"""Puts real counts into an lcov file of coverage.py, which has 1 for everything executed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from pykcov.report.lines import FileLines, real

_TO_LINE = re.compile(r"jump to line (\d+)")


def counted(records: Iterable[str], files: Mapping[str, FileLines]) -> Iterator[str]:
    """Yield the lines of an lcov file with how often lines were begun, and branches taken.

    files: by real path.
    """
    file = FileLines("")
    for key, some in groupby(records, _branch_line):
        if key is not None:
            yield from _branches(int(key), list(some), file.taken())
            continue
        for record in some:
            kind, _, rest = record.partition(":")
            if kind == "SF":
                file = files.get(real(rest), FileLines(rest))
            elif kind == "DA":
                record = _line(rest, file.hits)
            yield record


def _branch_line(record: str) -> str | None:
    kind, _, rest = record.partition(":")
    return rest.partition(",")[0] if kind == "BRDA" else None


def _line(rest: str, hits: Mapping[int, int]) -> str:
    number, count, *more = rest.split(",")
    if count != "0" and int(number) in hits:
        count = str(hits[int(number)])
    return ",".join((f"DA:{number}", count, *more))


def _branches(line: int, records: list[str], taken: Mapping[tuple[int, int], int]) -> Iterator[str]:
    """Yield the branches of a line with how often each was taken.

    coverage.py names a branch by its target: a line, or the exit. For a branch out of a `with`
    block it names the line after it, which matches none of our arcs.
    """
    left = {to: count for (start, to), count in taken.items() if start == line}
    counts: list[int | None] = []
    for record in records:
        found = _TO_LINE.search(record)
        out = next((to for to in left if to < 0), 0)
        to = int(found.group(1)) if found else out
        counts.append(left.pop(to, None))
    rest = sum(left.values())
    for record, count in zip(records, counts, strict=True):
        before, _, executed = record.rpartition(",")
        if executed == "1":
            record = f"{before},{count or rest or 1}"
        yield record
