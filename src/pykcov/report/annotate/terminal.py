"""An annotated source as text: in colour on a terminal, with marks below the lines elsewhere."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TextIO

from pykcov.report.annotate.source import Line, Source, heat

TAB = 8
HITS, LINE, SOURCE = "hits", "line", "source"  # the columns, in the pages, too
_STEPS = 8
# xterm's 256 colours: from pale green over teal to blue, as the pages' scale; by heat.
_GROUND = (None, 194, 157, 114, 79, 37, 31, 25)
_INK = (None, 16, 16, 16, 16, 231, 231, 231)
_NEVER = "\033[4;31m"
_DIM = "\033[2m"
_PLAIN = "\033[0m"
# What would turn a terminal's text around, or move its cursor.
_TURNS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_SUFFIXES = "kMGTPE"


def short(count: int) -> str:
    """Return a count in at most four characters: 999, 1.2k, 12k, 3M; cut off, never rounded up."""
    if count < 1000:
        return str(count)
    power = min((len(str(count)) - 1) // 3, len(_SUFFIXES))
    whole, rest = divmod(count, 1000**power)
    tenth = rest * 10 // 1000**power
    return (
        f"{whole}.{tenth}{_SUFFIXES[power - 1]}" if whole < 10 else f"{whole}{_SUFFIXES[power - 1]}"
    )


def in_colour(out: TextIO, env: Mapping[str, str] = os.environ) -> bool:
    """Is it a terminal, and are colours wanted?"""
    return out.isatty() and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def drawn(text: str, cells: int) -> tuple[str, int]:
    """Return text as a terminal can show it from a cell on, and the cell behind it.

    Tabs become spaces, and characters that would do something become signs.
    """
    out = []
    for character in text:
        code = ord(character)
        if character == "\t":
            width = TAB - cells % TAB
            out.append(" " * width)
        elif code < 0x20 or code == 0x7F:
            width = 1
            out.append(chr(0x2421 if code == 0x7F else 0x2400 + code))
        elif code in _TURNS or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            width = 1
            out.append("\N{REPLACEMENT CHARACTER}")
        else:
            out.append(character)
            narrow = unicodedata.combining(character) or unicodedata.category(character) in (
                "Cf",
                "Me",
                "Mn",
            )
            wide = unicodedata.east_asian_width(character) in "WF"
            width = 0 if narrow and code != 0xAD else 2 if wide else 1
        cells += width
    return "".join(out), cells


def _marks(source: Source, line: Line) -> Iterator[str]:
    """Yield a line with a mark below each piece that is a block's, and those with the counts."""
    marks = ""
    counts: list[tuple[int, str]] = []
    at = 0
    before = None
    for piece in line.pieces:
        _, end = drawn(piece.text, at)
        if piece.block is None:
            marks += " " * (end - at)
        else:
            count = source.blocks[piece.block].count
            touching = marks[-1:] if count else ""  # two that touch are told apart
            marks += ("^" if not count else "-" if touching == "~" else "~") * (end - at)
            if piece.block != before and end > at:
                counts.append((at, short(count)))
        before = piece.block
        at = end
    yield marks.rstrip()
    yield from _stepped(counts)


def _stepped(counts: list[tuple[int, str]]) -> Iterator[str]:
    """Yield rows with texts at their columns, from right to left in steps where they have no room
    beside each other, each with | above it up to its mark. After _STEPS rows the | go."""
    for step in itertools.count():
        if not counts:
            return
        row: list[str] = []
        later = []
        width = 0
        fits = _fitting(counts) if step < _STEPS else None
        for n, (column, text) in enumerate(counts):
            if fits is None:
                drawn_here = text if not row or width < column else ""
            else:
                drawn_here = text if fits[n] else "|"
            if drawn_here != text:
                later.append((column, text))
            if drawn_here:
                row.append(" " * (column - width) + drawn_here)
                width = column + len(drawn_here)
        yield "".join(row)
        counts = later


def _fitting(counts: list[tuple[int, str]]) -> list[bool]:
    """Say which texts end before the column of the next one."""
    pairs = itertools.pairwise(counts)
    return [*(column + len(text) < following for (column, text), (following, _) in pairs), True]


def _digits(source: Source) -> int:
    return max(len(LINE), len(str(len(source.lines))))


def plain(source: Source) -> Iterator[str]:
    """Yield a header and the lines: counts, numbers, text, and marks where a line was executed in
    part."""
    digits = _digits(source)
    yield f"{HITS:>5} {LINE:>{digits}} | {SOURCE}"
    for line in source.lines:
        hits = "" if line.hits is None else short(line.hits)
        text, _ = drawn(line.text, 0)
        yield f"{hits:>5} {line.number:>{digits}} | {text}".rstrip()
        if source.is_partial(line):
            for row in _marks(source, line):
                yield f"{'':>5} {'':>{digits}} | {row}"


def coloured(source: Source) -> Iterator[str]:
    """Yield a header and the lines for a terminal: counts on their heat, blocks not executed
    underlined."""
    digits = _digits(source)
    yield f"{_DIM}{HITS:>5} {LINE:>{digits}}  {SOURCE}{_PLAIN}"
    for line in source.lines:
        if line.hits is None:
            gutter = " " * 5
        elif not line.hits:
            gutter = f"\033[31m{0:>5}{_PLAIN}"
        else:
            level = heat(line.hits)
            gutter = f"\033[38;5;{_INK[level]};48;5;{_GROUND[level]}m{short(line.hits):>5}{_PLAIN}"
        out = [f"{gutter} {_DIM}{line.number:>{digits}}{_PLAIN}  "]
        at = 0
        for piece in line.pieces:
            text, at = drawn(piece.text, at)
            never = piece.block is not None and not source.blocks[piece.block].count
            out.append(f"{_NEVER}{text}{_PLAIN}" if never else text)
        yield "".join(out).rstrip()


def summary(source: Source) -> str:
    """Say in a line how much was executed."""
    return f"{source.path}: {len(source.missing)} of {len(source.blocks)} blocks not executed"
