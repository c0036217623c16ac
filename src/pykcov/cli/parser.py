"""What all verbs share: one clear line and exit 1 for what a person got wrong."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from pykcov.home import default_path
from pykcov.store import SymbolStore


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that answers bad usage with one line and exit 1, not usage and 2."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is unknown here: argparse leaves it to the parser above the verb's, whose
        --help does not have the verb's options."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        complain(f"{message}; see '{self.prog} --help' [usage]")


def complain(message: str) -> NoReturn:
    """Print one line on stderr and exit 1."""
    print(f"pykcov: {message}", file=sys.stderr)
    raise SystemExit(1)


def several(text: str) -> list[str]:
    """Split what an option is given at commas, as coverage.py does; a folder may have them in its
    name."""
    return [text] if os.path.exists(text) else text.split(",")  # noqa: PTH110 - True or False


def add_selection(
    parser: argparse.ArgumentParser,
    *,
    source: str = "a package or directory",
    omit: bool = True,
) -> None:
    """Add --source, --include and --omit."""
    for name, kind, text in (
        ("--source", "S", source),
        ("--include", "G", "a file glob to narrow it"),
        ("--omit", "G", "a file glob to leave out"),
    ):
        if omit or name != "--omit":
            parser.add_argument(name, metavar=kind, action="extend", type=several, help=text)


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add --store."""
    parser.add_argument(
        "--store",
        metavar="FILE",
        type=Path,
        help="the symbol store (default: PYKCOV_STORE, or {})".format(
            str(default_path()).replace("%", "%%")
        ),
    )


def add_options(parser: argparse.ArgumentParser, *, comparisons: str) -> None:
    """Add what says how code is instrumented; comparisons: the help for --comparisons."""
    parser.add_argument(
        "--prune",
        action="store_true",
        help="leave out probes of which others tell the same: faster, and exact in reports, but "
        "traces don't have every block in order",
    )
    parser.add_argument("--comparisons", action="store_true", help=comparisons)


def store_of(args: argparse.Namespace) -> SymbolStore:
    """Return the store that the command line names."""
    return SymbolStore(args.store) if args.store else SymbolStore()
