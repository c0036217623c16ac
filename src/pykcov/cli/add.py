"""pykcov add: add raw traces to a data file."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pykcov.cli.parser import add_store, complain, configured, store_of
from pykcov.measure.datafile import DataFile
from pykcov.reader.tracefile import Symbolizer


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="add raw traces to a data file",
        description="Adds raw traces, one 0xPC per line, as 'pykcov run --trace' and kcov clients "
        "write them, to a data file, for 'pykcov report' and the other reports.",
    )
    parser.add_argument("traces", metavar="TRACE", nargs="*", help="(default: stdin)")
    parser.add_argument("--data", metavar="FILE", help="the data file (default: .pykcov)")
    parser.add_argument("--context", metavar="NAME", default="", help="context to count them under")
    add_store(parser)


def main(args: argparse.Namespace) -> int:
    """Add them. Returns 1 if anything could not be read; the rest is added all the same."""
    store = store_of(args)
    store.check(create=False)
    symbolizer = Symbolizer(store)
    counts: Counter[int] = Counter()
    try:
        for name in args.traces or ["-"]:
            if name == "-":
                counts.update(block.pc for _, block in symbolizer.read(sys.stdin))
                continue
            with Path(name).open(encoding="ascii", errors="replace") as trace:
                counts.update(block.pc for _, block in symbolizer.read(trace, name))
    except OSError as error:
        complain(f"cannot read {error.filename}: {error.strerror} [trace-unreadable]")
    DataFile(Path(configured(args).data)).add(counts, store, args.context)
    return symbolizer.status()
