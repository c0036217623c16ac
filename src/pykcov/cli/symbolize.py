"""pykcov symbolize, diff: PCs to source ranges."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sized
from hashlib import sha256
from typing import Any

from pykcov.cli.parser import add_store, complain, store_of
from pykcov.reader import formats
from pykcov.reader.decode import pc_of
from pykcov.report.lines import text_of
from pykcov.store import SymbolStore
from pykcov.symbols import Block, FileSymbols, number_of

_AT_ONCE = 4096  # texts that are written in one piece


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="say which source a PC stands for",
        description="Reads PCs on stdin, one a line, and prints which source each stands for. A "
        "little less than a PC, up to 7 (return addresses), is its block's, too. Lines that are no "
        "PCs, and PCs that are not known, are counted and named at the end; then it exits with 1.",
    )
    parser.add_argument(
        "-all", "--all", action="store_true", help="print every known block, and read no stdin"
    )
    add_format(parser)
    add_store(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add --format and -f."""
    parser.add_argument(
        "--format",
        choices=(*formats.FORMS, "json"),
        default="gvisor",
        help="gvisor: 0xPC, and file:start line.column,end line.column below it (the default; "
        "columns count from 1, in UTF-8 bytes, the end is the first one behind it). addr2line: "
        "file:line. raw: 0xPC. json: an object a line for each different PC, with its hits, as "
        "syzkaller exports them",
    )
    parser.add_argument(
        "-f", "--functions", action="store_true", help="addr2line: the function's name above it"
    )


def form_of(args: argparse.Namespace) -> formats.Form | None:
    """Return the form that the command line names; None is JSON lines."""
    if not args.functions:
        return formats.FORMS.get(args.format)
    if args.format != "addr2line":
        complain("-f is for --format addr2line [usage]")
    return formats.addr2line_functions


class Symbolizer:
    """Prints PCs, and keeps count of what it can't."""

    def __init__(self, store: SymbolStore, form: formats.Form | None = None) -> None:
        """form: how write() prints; None: as JSON lines."""
        self._store, self._form = store, form
        self._malformed: list[str] = []
        self._unknown: list[int] = []
        self._texts: dict[int, FileSymbols] = {}  # that blocks were of, by their first block

    def read(self, lines: Iterable[str], name: str = "stdin") -> Iterator[tuple[int, Block]]:
        """Yield each PC of a raw trace that is known, with its block. name: the trace's."""
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
        """Say what could not be read; return the exit code."""
        sys.stdout.flush()
        if self._malformed:
            print(
                f"pykcov: {_are(self._malformed, 'line')} no PCs (0x and 16 digits), the first: "
                f"{self._malformed[0]} [trace-malformed]",
                file=sys.stderr,
            )
        if self._unknown:
            print(
                f"pykcov: {_are(self._unknown, 'PC')} not in the symbol store {self._store.path}, "
                f"the first of them {self._unknown[0]:#x} [pc-unknown]",
                file=sys.stderr,
            )
        for symbols in self._texts.values():
            text = text_of(symbols.path)
            if text is not None and sha256(text).hexdigest() != symbols.source:
                print(
                    f"pykcov: {symbols.path} has changed since it was traced: these are lines of "
                    "its old text [source-changed]",
                    file=sys.stderr,
                )
        return 1 if self._malformed or self._unknown else 0


def _are(items: Sized, noun: str) -> str:
    """Say how many there are: "1 line is", "2 lines are"."""
    return f"{len(items)} {noun} is" if len(items) == 1 else f"{len(items)} {noun}s are"


def main(args: argparse.Namespace) -> int:
    """Print what is known. 1 when something was not, after all that was."""
    store = store_of(args)
    store.check(create=False)
    symbolizer = Symbolizer(store, form_of(args))
    if args.all:
        symbolizer.write((block.pc, block) for block in store.blocks())
        return 0
    symbolizer.write(symbolizer.read(sys.stdin))
    return symbolizer.status()
