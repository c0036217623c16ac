"""What all verbs share: one clear line and exit 1 for what a person got wrong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

from pykcov.store import SymbolStore, default_path


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


def add_prune(parser: argparse.ArgumentParser) -> None:
    """Add --prune."""
    parser.add_argument(
        "--prune",
        action="store_true",
        help="leave out probes of which others tell the same: faster, and exact in reports, but "
        "traces don't have every block in order",
    )


def store_of(args: argparse.Namespace) -> SymbolStore:
    """Return the store that the command line names."""
    return SymbolStore(args.store) if args.store else SymbolStore()
