"""pykcov symbolize: PCs to source ranges, in gVisor's format."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pykcov.cli.parser import add_store, store_of
from pykcov.reader.decode import parse
from pykcov.reader.symbolize import report


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="say which source a PC stands for",
        description="Reads PCs on stdin, one a line, and prints two lines for each: 0xPC, and "
        "file:start line.column,end line.column. Columns count from 1, in UTF-8 bytes; the end is "
        "the first one behind the block. A little less than a PC, up to 7 (return addresses), is "
        "its block's, too.",
    )
    parser.add_argument(
        "-all", "--all", action="store_true", help="print every known block, and read no stdin"
    )
    add_store(parser)


def main(args: argparse.Namespace) -> int:
    """Print what is known. 1 when a PC was not, after all that were."""
    store = store_of(args)
    store.check(create=False)
    if args.all:
        sys.stdout.writelines(report(store.blocks()))
        return 0
    unknown: list[int] = []
    for pc in parse(sys.stdin):
        block = store.lookup(pc)
        if block is None:
            unknown.append(pc)
        else:
            print(f"{pc:#x}\n{block}")
    if unknown:
        sys.stdout.flush()
        print(
            f"pykcov: {len(unknown)} PCs are not in the symbol store {store.path}, the first of "
            f"them {unknown[0]:#x} [pc-unknown]",
            file=sys.stderr,
        )
    return 1 if unknown else 0
