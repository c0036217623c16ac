"""pykcov erase: remove the data file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pykcov.cli.parser import configured
from pykcov.measure import erase


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="remove the data file",
        description="Removes the data file, if there is one. Refuses to remove a file that pykcov "
        "did not write.",
    )
    parser.add_argument("--data", metavar="FILE", help="the data file (default: .pykcov)")


def main(args: argparse.Namespace) -> int:
    """Remove it."""
    erase.erase(Path(configured(args).data))
    return 0
