"""pykcov report, html, xml, json, lcov, coverage: what was executed, as coverage.py reports it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pykcov.cli.parser import complain
from pykcov.cli.progress import progress
from pykcov.report import config as configuration
from pykcov.report.config import Config

if TYPE_CHECKING:
    from pykcov.report.lines import FileLines

FAILED_UNDER = 2  # the exit code, as coverage.py's

# name: help, what it writes by default, and what that is.
KINDS = {
    "report": ("print a table of the lines executed", "", ""),
    "html": ("write pages with the lines executed", "htmlcov", "DIR"),
    "xml": ("write a Cobertura file", "coverage.xml", "FILE"),
    "json": ("write a JSON file, as coverage.py's", "coverage.json", "FILE"),
    "lcov": ("write an lcov file, with how often lines were executed", "coverage.lcov", "FILE"),
    "coverage": ("write a .coverage file, for coverage.py's own commands", ".coverage", "FILE"),
}


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    text, default, kind = KINDS[name]
    parser = verbs.add_parser(
        name,
        help=text,
        description="Reads a data file, which 'pykcov run --data' or the pytest plugin wrote, to "
        f"{text}. Options that are not given are taken from [tool.pykcov] in pyproject.toml.",
    )
    parser.add_argument("--data", metavar="FILE", help="the data file (default: .pykcov)")
    if default:
        parser.add_argument(
            "-o", "--output", metavar=kind, default=default, help=f"(default: {default})"
        )
    parser.add_argument(
        "--source",
        metavar="S",
        action="append",
        help="a package or directory: its files are listed, imported or not",
    )
    parser.add_argument("--include", metavar="G", action="append", help="a file glob to narrow it")
    parser.add_argument("--omit", metavar="G", action="append", help="a file glob to leave out")
    if name == "coverage":
        return
    parser.add_argument(
        "--contexts",
        metavar="RE",
        action="append",
        help="only what was executed in contexts that match",
    )
    parser.add_argument(
        "--fail-under", metavar="PERCENT", type=float, help="exit with 2 below that"
    )
    parser.add_argument("--precision", metavar="N", type=int, help="digits behind the point")
    if name == "report":
        parser.add_argument(
            "-m",
            "--show-missing",
            action="store_true",
            default=None,
            help="name the lines not executed",
        )
    if name in ("report", "html"):
        parser.add_argument(
            "--skip-covered", action="store_true", default=None, help="leave out files all executed"
        )


def configured(args: argparse.Namespace) -> Config:
    """Return pyproject.toml's settings, with those of the command line above them."""
    config = configuration.read()
    for name in vars(config):
        given = getattr(args, name, None)
        if given is not None:
            setattr(config, name, given)
    return config


def main(args: argparse.Namespace) -> int:
    """Write the report."""
    from pykcov.report import data, lines

    config = configured(args)
    measured = data.DataFile(Path(config.data)).read()
    measured = data.in_contexts(measured, getattr(args, "contexts", None))
    files = lines.by_file(progress(measured, "reading"))
    for path, file in files.items():
        if file.stale:
            what = "has changed since" if Path(path).exists() else "is gone"
            print(f"pykcov: {path} {what}: {file.stale} blocks of it left out", file=sys.stderr)
    files = {path: file for path, file in files.items() if file.lines or not file.stale}
    try:
        return _write(args, config, files)
    except OSError as error:
        complain(f"cannot write {args.output}: {error.strerror} [report-unwritable]")


def _write(args: argparse.Namespace, config: Config, files: dict[str, FileLines]) -> int:
    from pykcov.report import standard

    if args.verb == "coverage":
        out = Path(args.output)
        out.unlink(missing_ok=True)
        standard.write_coverage(out, files, standard.unexecuted(config), config.relative_files)
        return 0
    standard.shortfall(100, config)  # what is wrong with --fail-under is told at once
    if args.verb == "report":
        text, total = standard.text(config, files)
        print(text, end="")
    else:
        total = getattr(standard, args.verb)(config, files, Path(args.output))
        print(f"pykcov: wrote {args.output}", file=sys.stderr)
    short = standard.shortfall(total, config)
    if short is None:
        return 0
    print(f"pykcov: {short}", file=sys.stderr)
    return FAILED_UNDER
