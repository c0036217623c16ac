"""pykcov combine: merge data files, of other processes and other machines, into one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pykcov.cli.parser import configured
from pykcov.instrumentation.globs import canonical, prefix
from pykcov.measure.datafile import DataFile
from pykcov.progress import progress


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="add data files to another one",
        description="Adds the content of data files to the one that --data names, and keeps them. "
        "Source files measured on another machine are found on this one with 'paths' in "
        "[tool.pykcov]: lists of folders, the first on this machine; the others may be globs.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--data", metavar="FILE", help="the file to add to (default: .pykcov)")


def renamer(paths: dict[str, list[str]]) -> Callable[[str], str]:
    """Return a function that maps a path on another machine to one here. It returns the path
    unchanged if no such file exists here."""
    pairs = [
        (prefix(other), folders[0].rstrip("/") + "/")
        for folders in paths.values()
        for other in folders[1:]
    ]

    def renamed(path: str) -> str:
        for other, here in pairs:
            end = len(path)  # the lowest folder first, as coverage.py, which tries no others
            while (found := other.match(path, 0, end)) is not None:
                end = found.end() - 1
                new = canonical(here + path[found.end() :].replace(_separator(path), "/"))
                if os.path.exists(new):  # noqa: PTH110 - a name may be too long
                    return new
        return path

    return renamed


def _separator(path: str) -> str:
    """Return the separator that a path uses: its first slash or backslash."""
    return next((character for character in path if character in "/\\"), "/")


def main(args: argparse.Namespace) -> int:
    """Combine them."""
    config = configured(args)
    to = DataFile(Path(config.data))
    others = []
    for path in args.files:
        if path.exists() and to.path.exists() and path.samefile(to.path):
            print(f"pykcov: left out {path}: it is the file to add to", file=sys.stderr)
        else:
            others.append(DataFile(path))
    to.combine(progress(others, "combining"), renamer(config.paths))
    return 0
