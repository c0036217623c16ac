"""pykcov report, html, xml, json, lcov, coverage: what was executed, as coverage.py reports it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pykcov.cli.parser import add_exclude, add_selection, add_settings, complain, configured
from pykcov.measure import config as configuration
from pykcov.progress import progress, working
from pykcov.report import KINDS

if TYPE_CHECKING:
    from pykcov.report.coveragepy import Reports

FAILED_UNDER = 2  # the exit code, as coverage.py's
FORMS = ("text", "markdown", "total")


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    text, default, kind = KINDS[name]
    parser = verbs.add_parser(
        name,
        help=text,
        description="Reads a data file, which 'pykcov run' or the pytest plugin wrote, to "
        f"{text}. Options that are not given are taken from [tool.pykcov] in pyproject.toml.",
    )
    parser.add_argument("--data", metavar="FILE", help="the data file (default: .pykcov)")
    if default:
        # coverage.py has -d, --directory for the one with a folder.
        names = ("-o", "--output", *(("-d", "--directory") if kind == "DIR" else ()))
        parser.add_argument(*names, dest="output", metavar=kind, help=f"(default: {default})")
        _flag(parser, "-q", "--quiet", text="do not say that it was written")
    add_selection(
        parser,
        source="a package or directory: its files are listed, too, imported or not; those of the "
        "run's --source are anyway",
    )
    add_settings(parser)
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
    add_exclude(parser, "what the run's --exclude was: leave out functions and classes")
    _flag(parser, "-i", "--ignore-errors", text="leave out files that can't be parsed")
    if name in ("report", "html"):
        parser.add_argument(
            "--skip-covered",
            action=argparse.BooleanOptionalAction,
            help="leave out files all executed",
        )
    if name in ("report", "html", "xml"):
        _flag(parser, "--skip-empty", text="leave out files without code")
    if name == "report":
        _flag(parser, "-m", "--show-missing", text="name the lines not executed")
        parser.add_argument(
            "--sort", metavar="COLUMN", help="name, stmts, miss or cover; -COLUMN for the reverse"
        )
        parser.add_argument(
            "--format",
            choices=FORMS,
            help="total: the percentage alone (default: text)",
        )
    if name == "html":
        parser.add_argument("--title", help="of the pages")
    if name == "json":
        _flag(parser, "--pretty-print", text="indented, for people")
        _flag(parser, "--show-contexts", text="which contexts executed each line")


def _flag(parser: argparse.ArgumentParser, *names: str, text: str) -> None:
    """Add an option without a value; None where it is not given."""
    parser.add_argument(*names, action="store_true", default=None, help=text)


def main(args: argparse.Namespace) -> int:
    """Write the report."""
    from pykcov.measure import datafile
    from pykcov.report import coveragepy, lines
    from pykcov.report.contexts import in_contexts

    # What is of the data file, and of the command line: the run's source is in the data file.
    args.contexts = getattr(args, "contexts", None)
    config = configured(args, quiet=bool(getattr(args, "quiet", None)))
    _fill_in(args, config.others)
    config.sort = configuration.sorting(config.sort)
    measured = datafile.DataFile(Path(config.data)).read()
    if not measured and not args.source:
        raise datafile.nothing_in(config.data)
    measured = in_contexts(measured, args.contexts)
    files = lines.by_file(progress(measured, "reading"))
    for told in lines.left_out(files):
        print(f"pykcov: {told}", file=sys.stderr)
    try:
        coveragepy.shortfall(100, config)  # what is wrong with --fail-under is told at once
        reports = coveragepy.Reports(config, lines.current(files), args.source or ())
        with working(f"writing {args.verb}"):
            text, total = _write(args, reports)
    except OSError as error:
        complain(f"cannot write {args.output}: {error.strerror} [report-unwritable]")
    print(text, end="")
    for note in reports.notes:
        print(f"pykcov: {note}", file=sys.stderr)
    if not text and not args.quiet and args.output != "-":
        print(f"pykcov: wrote {args.output}", file=sys.stderr)
    short = None if total is None else coveragepy.shortfall(total, config)
    if short is None:
        return 0
    print(f"pykcov: {short}", file=sys.stderr)
    return FAILED_UNDER


def _fill_in(args: argparse.Namespace, others: dict[str, Any]) -> None:
    """Take what coverage.py's settings say of this report where the command line is silent."""
    if args.verb == "coverage":
        args.output = args.output or others.get("run:data_file") or KINDS[args.verb][1]
        return
    args.contexts = args.contexts or others.get("report:contexts")
    if args.verb == "report":
        args.format = args.format or others.get("report:format") or "text"
        return
    where = "html:directory" if args.verb == "html" else f"{args.verb}:output"
    args.output = args.output or others.get(where) or KINDS[args.verb][1]
    if args.verb == "html" and args.skip_covered is not None:
        others.pop("html:skip_covered", None)


def _write(args: argparse.Namespace, reports: Reports) -> tuple[str, float | None]:
    """Return what is to be printed, and the percentage, if there is one."""
    if args.verb == "report":
        text, total = reports.text(args.format)
        return text if text.endswith("\n") else f"{text}\n", total
    out = Path(args.output)
    if args.verb == "coverage":
        out.unlink(missing_ok=True)
        reports.coverage(out)
        return "", None
    if args.verb == "html":
        return "", reports.html(out, args.title)
    if args.verb == "json":
        return "", reports.json(out, args.pretty_print, args.show_contexts)
    return "", reports.xml(out) if args.verb == "xml" else reports.lcov(out)
