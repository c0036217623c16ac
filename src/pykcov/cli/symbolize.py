"""pykcov symbolize, diff: PCs to source ranges."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pykcov.cli.parser import add_store, complain, store_of
from pykcov.reader import formats
from pykcov.reader.tracefile import Symbolizer


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
