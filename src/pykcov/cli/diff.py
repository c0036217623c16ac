"""pykcov diff: the blocks that are in one trace but not in another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pykcov.cli.parser import add_store, complain, store_of
from pykcov.cli.symbolize import add_format, form_of
from pykcov.reader.tracefile import Symbolizer


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="print the blocks that are in trace B but not in trace A",
        description="Reads two raw traces, one 0xPC per line, and prints the blocks that are in B "
        "but not in A, in the order in which B first reached them.",
    )
    parser.add_argument("a", metavar="A", type=Path, help="the trace to compare with")
    parser.add_argument("b", metavar="B", type=Path, help="the trace with new blocks")
    add_format(parser)
    add_store(parser)


def main(args: argparse.Namespace) -> int:
    """Print the difference. Returns 1 if anything could not be read."""
    store = store_of(args)
    store.check(create=False)
    symbolizer = Symbolizer(store, form_of(args))
    try:
        with args.a.open(encoding="ascii", errors="replace") as a:
            before = {block.pc for _, block in symbolizer.read(a, str(args.a))}
        with args.b.open(encoding="ascii", errors="replace") as b:
            more = [found for found in symbolizer.read(b, str(args.b)) if found[1].pc not in before]
    except OSError as error:
        complain(f"cannot read {error.filename}: {error.strerror} [trace-unreadable]")
    if args.format != "json":
        more = list(dict.fromkeys(more))
    symbolizer.write(more)
    return symbolizer.status()
