"""pykcov combine: one data file of several, from other processes and other machines."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pykcov.cli.progress import progress
from pykcov.cli.reports import configured
from pykcov.instrumentation.select import compile_glob
from pykcov.report.data import DataFile


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="add data files to another",
        description="Adds what data files hold to the one that --data names; they stay. Files "
        "of another machine are found here by 'paths' in [tool.pykcov]: lists of folders, of which "
        "the first is this machine's; the others may be globs.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--data", metavar="FILE", help="where to (default: .pykcov)")


def _above(folder: str) -> str:
    """Return the glob of a folder. As in coverage.py, `*/` at its begin is all that is above it."""
    return re.sub(r"^\*+/", "**/", folder.rstrip("/") or "/")


def renamer(paths: dict[str, list[str]]) -> Callable[[str], str]:
    """Return what gives the path here of a file whose path is another machine's, if there is such a
    file; else the path as it is."""
    pairs = [
        (compile_glob(_above(other)), str(Path(folders[0]).absolute()))
        for folders in paths.values()
        for other in folders[1:]
    ]

    def renamed(path: str) -> str:
        for other, here in pairs:
            # A `*` may mean several folders above the file: the lowest one, as coverage.py has it.
            for folder in map(str, Path(path).parents):
                if other.fullmatch(folder):
                    new = here + path[len(folder.rstrip("/")) :]
                    if os.path.exists(new):  # noqa: PTH110 - a name may be too long
                        return new
        return path

    return renamed


def main(args: argparse.Namespace) -> int:
    """Combine them."""
    config = configured(args)
    to = DataFile(Path(config.data))
    others = []
    for path in args.files:
        if path.exists() and to.path.exists() and path.samefile(to.path):
            print(f"pykcov: left out {path}: it is what is added to", file=sys.stderr)
        else:
            others.append(DataFile(path))
    to.combine(progress(others, "combining"), renamer(config.paths))
    return 0
