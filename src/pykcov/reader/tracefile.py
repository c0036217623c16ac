"""Raw traces, a PC a line: read, looked up, and printed in the forms that other tools read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from hashlib import sha256

from pykcov.reader import formats
from pykcov.reader.decode import pc_of
from pykcov.symbols.blocks import Block, FileSymbols, number_of, text_of
from pykcov.symbols.store import SymbolStore

_AT_ONCE = 4096  # texts that are written in one piece


class Symbolizer:
    """Prints PCs, and keeps count of what it can't."""

    def __init__(self, store: SymbolStore, form: formats.Form | None = None) -> None:
        """form: the format that write() prints; None: JSON lines."""
        self._store, self._form = store, form
        self._malformed: list[str] = []
        self._unknown: list[int] = []
        self._texts: dict[int, FileSymbols] = {}  # by number of their first block

    def read(self, lines: Iterable[str], name: str = "stdin") -> Iterator[tuple[int, Block]]:
        """Yield each known PC of a raw trace, with its block. name: of the trace, for messages."""
        known: dict[str, tuple[int, Block] | None] = {}
        for number, line in enumerate(lines, 1):
            found = known.get(line)
            if found is None:
                found = self._look_up(line, name, number)
                if found is None:
                    continue
                known[line] = found
            yield found

    def _look_up(self, line: str, name: str, number: int) -> tuple[int, Block] | None:
        if not (text := line.strip()):
            return None
        pc = pc_of(text)
        if pc is None:
            self._malformed.append(f"{name}, line {number}: {text[:40]!r}")
            return None
        found = self._store.file_of(pc)
        if found is None:
            self._unknown.append(pc)
            return None
        first, self._texts[found[0]] = found
        return pc, self._texts[first].block(first, number_of(pc))

    def write(self, found: Iterable[tuple[int, Block]]) -> None:
        """Print them on stdout."""
        form = self._form
        if form is None:
            sys.stdout.writelines(formats.json_lines(found))
            return
        texts: dict[int, str] = {}
        lines: list[str] = []
        for pc, block in found:
            text = texts.get(pc)
            if text is None:
                text = texts[pc] = form(pc, block)
            lines.append(text)
            if len(lines) == _AT_ONCE:
                sys.stdout.write("".join(lines))
                lines.clear()
        sys.stdout.write("".join(lines))

    def status(self) -> int:
        """Print what could not be read, and return the exit status."""
        sys.stdout.flush()
        if self._malformed:
            print(
                f"pykcov: {_are(self._malformed, 'line')} not PCs (0x and 16 digits), the first: "
                f"{self._malformed[0]} [trace-malformed]",
                file=sys.stderr,
            )
        if self._unknown:
            print(
                f"pykcov: {_are(self._unknown, 'PC')} not in the symbol store {self._store.path}, "
                f"the first: {self._unknown[0]:#x} [pc-unknown]",
                file=sys.stderr,
            )
        for symbols in self._texts.values():
            text = text_of(symbols.path)
            if text is not None and sha256(text).hexdigest() != symbols.source:
                print(
                    f"pykcov: {symbols.path} has changed since it was traced; the line numbers are "
                    "those of the old version [source-changed]",
                    file=sys.stderr,
                )
        return 1 if self._malformed or self._unknown else 0


def _are(items: Sized, noun: str) -> str:
    """Return "1 line is", or "2 lines are"."""
    return f"{len(items)} {noun} is" if len(items) == 1 else f"{len(items)} {noun}s are"
