"""pykcov symbolize: turn PCs into source ranges. Its output options are those of diff, too."""

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
        help="turn PCs into source locations",
        description="Reads PCs on stdin, one per line, and prints the source location of each. "
        "An address up to 7 below a PC, such as one derived from a return address, belongs to the "
        "PC's block. Malformed lines and unknown PCs are reported at the end, and make the exit "
        "status 1.",
    )
    parser.add_argument(
        "-all", "--all", action="store_true", help="print every known block; stdin is not read"
    )
    add_format(parser)
    add_store(parser)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add --format and -f."""
    parser.add_argument(
        "--format",
        choices=(*formats.FORMS, "json"),
        default="gvisor",
        help="gvisor (the default): 0xPC, and on the next line file:line.column,line.column; "
        "columns are UTF-8 bytes, counted from 1, and the end is exclusive. addr2line: file:line. "
        "raw: 0xPC. json: one object per line for each distinct PC, with its hits, as syzkaller "
        "exports them",
    )
    parser.add_argument(
        "-f",
        "--functions",
        action="store_true",
        help="addr2line: print the function's name before each location",
    )


def form_of(args: argparse.Namespace) -> formats.Form | None:
    """Return the format that the command line names; None is JSON lines."""
    if not args.functions:
        return formats.FORMS.get(args.format)
    if args.format != "addr2line":
        complain("-f is for --format addr2line [usage]")
    return formats.addr2line_functions


def main(args: argparse.Namespace) -> int:
    """Print every known PC. Returns 1 if any line was malformed or its PC unknown."""
    store = store_of(args)
    store.check(create=False)
    symbolizer = Symbolizer(store, form_of(args))
    if args.all:
        symbolizer.write((block.pc, block) for block in store.blocks())
        return 0
    symbolizer.write(symbolizer.read(sys.stdin))
    return symbolizer.status()
