"""pykcov annotate: show source code with how often each block was executed."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from pykcov.cli.parser import complain, configured
from pykcov.errors import PykcovError
from pykcov.progress import progress


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="show source code with how often each block was executed",
        usage="pykcov annotate FILE [--data FILE] [--contexts RE]\n"
        "       pykcov annotate --html DIR [FILE ...] [--data FILE] [--contexts RE]",
        description="Reads a data file written by 'pykcov run' or the pytest plugin, and shows "
        "a source file with the hit count of each line. In partly executed lines it marks the "
        "blocks that were not executed: one half of 'a and b', the filter of a comprehension. On a "
        "terminal these are underlined; elsewhere, and with NO_COLOR, ^ marks them, and ~ marks "
        "the executed ones, with their counts. --html writes pages instead, for all files in the "
        "data file if you name none.",
    )
    parser.add_argument("files", metavar="FILE", nargs="*", help="a Python file")
    parser.add_argument("--html", metavar="DIR", help="write pages into this folder")
    parser.add_argument("--data", metavar="FILE", help="the data file (default: .pykcov)")
    parser.add_argument(
        "--contexts",
        metavar="RE",
        action="append",
        help="only count what was executed in matching contexts",
    )


def main(args: argparse.Namespace) -> int:
    """Print the source, or write the pages."""
    from pykcov.measure.datafile import DataFile, nothing_in
    from pykcov.measure.unexecuted import is_listed
    from pykcov.report.annotate import terminal
    from pykcov.report.annotate.source import Annotated
    from pykcov.report.contexts import in_contexts

    if args.html is None and len(args.files) != 1:
        complain("name one FILE, or a folder with --html; see 'pykcov annotate --help' [usage]")
    data = DataFile(Path(configured(args).data))
    if not (measured := data.read()):
        raise nothing_in(data.path)
    measured = in_contexts(measured, args.contexts)
    annotated = Annotated(one for one in measured if not is_listed(one))
    if args.html is not None:
        when = datetime.fromtimestamp(data.path.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
        return _pages(annotated, args.files, Path(args.html), when)
    source = annotated.source(args.files[0])
    lines = terminal.coloured if terminal.in_colour(sys.stdout) else terminal.plain
    for line in lines(source):
        print(line)
    print(f"pykcov: {terminal.summary(source)}", file=sys.stderr)
    return 0


def _pages(annotated: Any, files: list[str], folder: Path, when: str) -> int:
    from pykcov.report.annotate import index

    if not annotated.paths:
        complain("there is nothing to show: none of the selected code was executed [data-empty]")
    sources = []
    for file in progress(files or annotated.paths, "annotating"):
        try:
            sources.append(annotated.source(file))
        except PykcovError as error:
            if files:
                raise
            print(f"pykcov: left out: {error}", file=sys.stderr)
    if not sources:
        complain("there is nothing to show: all files have changed since the run [source-changed]")
    index.write(sources, folder, when)
    print(f"pykcov: wrote {folder / 'index.html'}", file=sys.stderr)
    return 0
