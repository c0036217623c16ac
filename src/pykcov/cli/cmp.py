"""pykcov cmp: turn comparison records into source locations and operands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from pykcov.cli.parser import add_store, store_of
from pykcov.reader.comparisons import Record, comparisons, record_of


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="show what was compared",
        description="Reads comparison records on stdin, one per line, as 'pykcov run "
        "--comparisons --trace' writes them: type, first and second operand, and PC, in "
        "hexadecimal. Prints 'file:line: type left right' for each comparison; if the type starts "
        "with const-, the left operand is a constant in the source. Strings are followed by their "
        "lengths. Malformed lines and unknown PCs are reported at the end, and make the exit "
        "status 1.",
    )
    add_store(parser)


def _read(lines: Iterable[str], malformed: list[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if text := line.strip():
            if record := record_of(text):
                yield record
            else:
                malformed.append(f"line {number}: {text[:40]!r}")


def main(args: argparse.Namespace) -> int:
    """Print every known comparison. Returns 1 if any record was malformed or unknown."""
    store = store_of(args)
    store.check(create=False)
    malformed: list[str] = []
    unknown: list[int] = []
    found = comparisons(_read(sys.stdin, malformed), store, unknown)
    sys.stdout.writelines(f"{comparison}\n" for comparison in found)
    sys.stdout.flush()
    if malformed:
        print(
            f"pykcov: {len(malformed)} lines are not records of four hexadecimal numbers, the "
            f"first: {malformed[0]} [trace-malformed]",
            file=sys.stderr,
        )
    if unknown:
        print(
            f"pykcov: {len(unknown)} PCs are not comparisons in the symbol store {store.path}, "
            f"the first: {unknown[0]:#x} [pc-unknown]",
            file=sys.stderr,
        )
    return 1 if malformed or unknown else 0
