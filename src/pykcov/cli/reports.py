"""pykcov report, html, xml, json, lcov, coverage: report coverage in coverage.py's formats."""

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
        description="Reads a data file written by 'pykcov run' or the pytest plugin, to "
        f"{text}. Options you leave out are read from [tool.pykcov] in pyproject.toml.",
    )
    parser.add_argument("--data", metavar="FILE", help="the data file (default: .pykcov)")
    if default:
        # coverage.py has -d, --directory for the one with a folder.
        names = ("-o", "--output", *(("-d", "--directory") if kind == "DIR" else ()))
        parser.add_argument(*names, dest="output", metavar=kind, help=f"(default: {default})")
        _flag(parser, "-q", "--quiet", text="don't print which file was written")
    add_selection(
        parser,
        source="a package or directory whose files are listed even if they were never imported; "
        "those of the run's --source always are",
    )
    add_settings(parser)
    if name == "coverage":
        return
    parser.add_argument(
        "--contexts",
        metavar="RE",
        action="append",
        help="only report what was executed in matching contexts",
    )
    parser.add_argument(
        "--fail-under",
        metavar="PERCENT",
        type=float,
        help="exit with status 2 if the total is lower",
    )
    parser.add_argument("--precision", metavar="N", type=int, help="digits after the decimal point")
    add_exclude(parser, "the same as the run's --exclude: leave out functions and classes")
    _flag(parser, "-i", "--ignore-errors", text="leave out files that can't be parsed")
    if name in ("report", "html"):
        parser.add_argument(
            "--skip-covered",
            action=argparse.BooleanOptionalAction,
            help="leave out fully covered files",
        )
    if name in ("report", "html", "xml"):
        _flag(parser, "--skip-empty", text="leave out files without code")
    if name == "report":
        _flag(parser, "-m", "--show-missing", text="list the lines not executed")
        parser.add_argument(
            "--sort",
            metavar="COLUMN",
            help="name, stmts, miss or cover; -COLUMN reverses the order",
        )
        parser.add_argument(
            "--format",
            choices=FORMS,
            help="total prints only the percentage (default: text)",
        )
    if name == "html":
        parser.add_argument("--title", help="title of the pages")
    if name == "json":
        _flag(parser, "--pretty-print", text="indent the output, for people")
        _flag(parser, "--show-contexts", text="list the contexts that executed each line")


def _flag(parser: argparse.ArgumentParser, *names: str, text: str) -> None:
    """Add an option without a value; it is None unless given."""
    parser.add_argument(*names, action="store_true", default=None, help=text)


def main(args: argparse.Namespace) -> int:
    """Write the report."""
    from pykcov.measure import datafile
    from pykcov.report import coveragepy, lines
    from pykcov.report.contexts import in_contexts

    # Only from the command line: what the run's --source selected is in the data file.
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
        coveragepy.shortfall(100, config)  # check --fail-under before the work
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
    """Fill in options that were not given from coverage.py's settings for this report."""
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
    """Return the text to print, and the total percentage, if there is one."""
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
