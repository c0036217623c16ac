"""pykcov ls: list the devices that this user's processes show."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pykcov.errors import PykcovError

_COLUMNS = ("name", "pid", "blocks", "descriptors", "program")


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="list the devices that processes show",
        description="Lists the devices that this user's processes show: name, process ID, number "
        "of blocks instrumented in it and its workers, open descriptors, and program. Devices "
        "whose process has ended are not listed.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def main(args: argparse.Namespace) -> int:
    """Print the list."""
    from pykcov.service import addresses
    from pykcov.service.client import describe

    rows: list[dict[str, Any]] = []
    for name in addresses.names():
        try:
            rows.append({"name": name, **describe(name)})
        except (PykcovError, OSError):
            continue
    if args.json:
        for row in rows:
            print(json.dumps(row))
        return 0
    table = [_COLUMNS, *(tuple(str(row[column]) for column in _COLUMNS) for row in rows)]
    widths = [max(len(line[n]) for line in table) for n in range(len(_COLUMNS) - 1)]
    for line in table:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[-1]]).rstrip())
    return 0
