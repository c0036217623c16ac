"""pykcov cmp: records of comparisons to operands."""

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
        help="say what was compared",
        description="Reads records of comparisons on stdin, one a line, as 'pykcov run "
        "--comparisons --trace' writes them: type, first and second operand, and PC, in "
        "hexadecimal. Prints 'file:line: type left right' for each comparison; with const- before "
        "the type, the left one is a constant in the source. Behind texts stand their lengths. "
        "Lines that are no records, and PCs that are not known, are counted and named at the end; "
        "then it exits with 1.",
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
    """Print what is known. 1 when something was not, after all that was."""
    store = store_of(args)
    store.check(create=False)
    malformed: list[str] = []
    unknown: list[int] = []
    found = comparisons(_read(sys.stdin, malformed), store, unknown)
    sys.stdout.writelines(f"{comparison}\n" for comparison in found)
    sys.stdout.flush()
    if malformed:
        print(
            f"pykcov: {len(malformed)} lines are no records (four hexadecimal numbers), the first: "
            f"{malformed[0]} [trace-malformed]",
            file=sys.stderr,
        )
    if unknown:
        print(
            f"pykcov: {len(unknown)} PCs are no comparisons of the symbol store {store.path}, the "
            f"first of them {unknown[0]:#x} [pc-unknown]",
            file=sys.stderr,
        )
    return 1 if malformed or unknown else 0
