"""Source code cut into pieces that were executed equally often, which line reports can't show.

Blocks on one line may nest or overlap: a comprehension within an expression, an operand within its
operation. A character belongs to the innermost block that contains it: the one with the fewest
characters, or, of two equally long ones, the one that begins later. If two blocks stand for the
same text (a `finally` is compiled twice), the higher count applies. narrow.py determines which
parts of a block's range are its text.

A source file may have been compiled, and measured, in several ways, for example by several versions
of Python, each with its own blocks. Each way has its own innermost block, and their counts are
added.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, groupby
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.instrumentation.selection import absolute
from pykcov.measure.datafile import Measured
from pykcov.report.annotate.files import read, stored
from pykcov.report.annotate.narrow import Range, ranges
from pykcov.report.lines import hits_of_lines
from pykcov.report.statements import statements

# Of a heat: from how many hits on. Heat 0 is "never".
HEATS = (1, 2, 10, 100, 1_000, 10_000, 100_000)


def heat(count: int) -> int:
    """Return how hot a count is, from 0 to len(HEATS)."""
    return bisect_right(HEATS, count)


@dataclass(frozen=True)
class HitRange:
    """A source range, and how often it was executed.

    Lines count from 1. Columns count characters from 0, the end being exclusive.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    function: str
    count: int
    contexts: frozenset[str] = frozenset()  # those with a name that it was executed in

    def __str__(self) -> str:
        """As people count columns: from 1, and to the last one that is in it."""
        (line, column), (last, end) = self.start, self.end
        if line != last:
            return f"{line}:{column + 1}-{last}:{end}"
        return f"{line}:{column + 1}" if end <= column + 1 else f"{line}:{column + 1}-{end}"


@dataclass(frozen=True)
class Piece:
    """Characters of one line; block: its number in Source.blocks, None without one."""

    text: str
    block: int | None = None


@dataclass(frozen=True)
class Line:
    """hits: of the block of the line that was executed most; None where there is no code."""

    number: int
    pieces: tuple[Piece, ...]
    hits: int | None = None

    @property
    def text(self) -> str:
        """The line, without its end."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class Source:
    """A file's text with its counts. blocks: those that own a character, in the text's order."""

    path: str
    lines: tuple[Line, ...]
    blocks: tuple[HitRange, ...]

    @property
    def missing(self) -> list[int]:
        """Numbers of the blocks not executed."""
        return [n for n, block in enumerate(self.blocks) if not block.count]

    def is_partial(self, line: Line) -> bool:
        """Were some of a line's blocks executed, and some not?"""
        counts = {
            self.blocks[piece.block].count > 0 for piece in line.pieces if piece.block is not None
        }
        return len(counts) > 1


def decode(data: bytes) -> str:
    """Return a source's text as the compiler sees it: without a mark of its byte order, and with
    one character at each line's end.

    Raises SyntaxError or ValueError.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    text = data.decode(encoding).removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Columns:
    """Columns of a text's lines, in UTF-8 bytes, as characters."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._begins: dict[int, list[int]] = {}  # of a line's characters, in bytes

    def characters(self, line: int, column: int) -> int:
        """Return how many characters of a line begin before a column.

        So a column within a character stands for the next one; one behind the end, for the end.
        """
        text = self._lines[line - 1]
        if text.isascii():
            return min(column, len(text))
        if line not in self._begins:
            sizes = (len(character.encode("utf-8", "surrogatepass")) for character in text)
            self._begins[line] = [0, *accumulate(sizes)][:-1]
        return bisect_left(self._begins[line], column)


HitRanges = dict[tuple[int, int], HitRange]


def _places(
    one: Measured,
    hits: Mapping[int, int],
    own: list[list[Range]],
    begins: list[int],
    columns: Columns,
) -> HitRanges:
    """Return the blocks of the ranges of a text, which count characters from its begin.

    own: the ranges of each block. begins: of the lines, and the end.
    """

    def at(line: int, column: int) -> tuple[int, int]:
        line = min(line, len(begins) - 1)
        return line, columns.characters(line, column)

    contexts: dict[int, set[str]] = {}
    for context, counts in one.hits.items():
        for n in counts if context else ():
            contexts.setdefault(n, set()).add(context)
    found: HitRanges = {}
    for n, span in enumerate(one.symbols.spans[: one.symbols.blocks]):
        if not own[n]:
            continue
        start, end = min(o[:2] for o in own[n]), max(o[2:] for o in own[n])
        count = hits.get(n, 0)
        function = one.symbols.functions[span[0]]
        place = HitRange(at(*start), at(*end), function, count, frozenset(contexts.get(n, ())))
        for each in own[n]:
            (first, left), (last, right) = at(*each[:2]), at(*each[2:])
            key = begins[first - 1] + left, begins[last - 1] + right
            if key not in found or found[key].count < count:
                found[key] = place
    return found


def _owners(placed: HitRanges, size: int) -> list[HitRange | None]:
    """Return the innermost block of each character of a text."""
    owners: list[HitRange | None] = [None] * size
    free = list(range(size + 1))  # by character: the first from there on that may be nobody's yet
    for start, end in sorted(placed, key=lambda key: (key[1] - key[0], -key[0])):
        n = start
        while n < end:
            following = free[n]
            if following == n:
                owners[n] = placed[start, end]
                following = n + 1
            free[n] = max(following, end)
            n = following
    return owners


def _fill(whose: list[tuple[HitRange | None, ...]], low: int, never: bool) -> None:
    """Give what stands between two characters of a block to the block.

    never: nothing of the line, which begins at `low`, was executed, so it needs no gaps.
    """
    before = -1
    for n, key in enumerate(whose):
        if any(key):
            if (before >= 0 and whose[before] == key) or never:
                whose[max(before + 1, low) : n] = [key] * (n - max(before + 1, low))
            before = n


def source(path: str, data: bytes, ways: Iterable[tuple[Measured, Mapping[int, int]]]) -> Source:
    """Return a text with its counts. ways: what was measured of it, with each block's hits.

    Raises SyntaxError or ValueError if the text can't be decoded.
    """
    text = decode(data)
    lines = text.split("\n")
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line) + 1)
    columns = Columns(lines)
    hits: dict[int, int] = {}
    begun = statements(data)
    owners = []
    for one, counts in ways:
        own = ranges(one.symbols, data, counts)
        owners.append(_owners(_places(one, counts, own, begins, columns), len(text)))
        by_line = dict.fromkeys(one.symbols.lines, 0) | hits_of_lines(one.symbols, counts, begun)
        for number, count in by_line.items():
            hits[number] = hits.get(number, 0) + count
    numbers: dict[tuple[HitRange | None, ...], int] = {}
    blocks: list[HitRange] = []

    def block_of(whose: tuple[HitRange | None, ...]) -> int | None:
        known = [place for place in whose if place is not None]
        if known and whose not in numbers:
            numbers[whose] = len(blocks)
            first = known[0]
            total = sum(place.count for place in known)
            contexts = frozenset().union(*(place.contexts for place in known))
            blocks.append(HitRange(first.start, first.end, first.function, total, contexts))
        return numbers.get(whose)

    made = []
    for number, (line, begin) in enumerate(zip(lines, begins, strict=False), 1):
        # What stands around a line's text is nobody's, even within a block of many lines.
        low = len(line) - len(line.lstrip())
        high = len(line.rstrip())
        whose = [
            tuple(way[begin + n] for way in owners) if low <= n < high else ()
            for n in range(len(line))
        ]
        _fill(whose, low, hits.get(number) == 0)
        pieces = []
        at = 0
        for key, run in groupby(whose):
            length = len(list(run))
            pieces.append((line[at : at + length], block_of(key)))
            at += length
        joined = (
            Piece("".join(text for text, _ in run), block)
            for block, run in groupby(pieces, key=lambda piece: piece[1])
        )
        made.append(Line(number, tuple(joined), hits.get(number)))
    if len(made) > 1 and not made[-1].text:
        made.pop()  # behind the last line's end
    return Source(path, tuple(made), tuple(blocks))


class Annotated:
    """What was measured, by file."""

    def __init__(self, measured: Iterable[Measured]) -> None:
        self._files: dict[str, list[tuple[Measured, dict[int, int]]]] = {}
        for one in measured:
            self._files.setdefault(one.symbols.path, []).append((one, one.total()))

    @property
    def paths(self) -> list[str]:
        """All files that were measured."""
        return sorted(self._files)

    def source(self, file: str | Path) -> Source:
        """Return a file's text with its counts.

        Raises PykcovError: file-unmeasured, source-unreadable, source-changed.
        """
        path = stored(absolute(file))
        if path not in self._files:
            path = stored(str(Path(path).resolve()))
        try:
            data = read(path)
        except (FileNotFoundError, NotADirectoryError):
            raise PykcovError("source-unreadable", f"there is no file {file}") from None
        except OSError as error:
            raise PykcovError(
                "source-unreadable", f"cannot read {file}: {error.strerror}"
            ) from None
        if path not in self._files:
            raise PykcovError("file-unmeasured", f"the data file has nothing about {file}")
        digest = hashlib.sha256(data).hexdigest()
        ways = [way for way in self._files[path] if way[0].symbols.source == digest]
        if not ways:
            raise PykcovError(
                "source-changed", f"{file} has changed since it was measured; measure it again"
            )
        try:
            return source(path, data, ways)
        except (SyntaxError, ValueError) as error:
            raise PykcovError("source-unreadable", f"cannot read {file}: {error}") from None
