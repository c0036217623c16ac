"""Shared by all verbs: options, settings, and errors as one clear line with exit status 1."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from pykcov.errors import PykcovError
from pykcov.measure import config as configuration
from pykcov.measure.config import NO_FILE, Config, keys
from pykcov.symbols.location import default_path
from pykcov.symbols.store import SymbolStore

# What coverage.py and others call our verbs.
_OTHERS = {"debug": ["config", "env"], "settings": ["config"], "clean": ["erase"]}


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that answers bad usage with one line and exit 1, not usage and 2."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Reject unknown arguments here: argparse would leave that to the main parser, and refer
        to its --help, which doesn't list the verb's options."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        complain(f"{message}; see '{self.prog} --help' [usage]")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Reject an unknown verb, and suggest similar ones."""
        if action.choices is None or value in action.choices or action.dest != "verb":
            super()._check_value(action, value)
            return
        near = difflib.get_close_matches(value, action.choices)
        near = near or _OTHERS.get(value, [])
        meant = f"did you mean {' or '.join(near)}?" if near else f"see '{self.prog} --help'"
        complain(f"unknown verb {value!r}; {meant} [usage]")


def complain(message: str) -> NoReturn:
    """Print one line on stderr and exit 1."""
    print(f"pykcov: {message}", file=sys.stderr)
    raise SystemExit(1)


def several(text: str) -> list[str]:
    """Split an option's value at commas, as coverage.py does, unless it is an existing path."""
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


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add --rcfile and --no-rcfile."""
    parser.add_argument(
        "--rcfile",
        metavar="FILE",
        default="",
        help="read coverage.py's settings from this file (default: .coveragerc, setup.cfg, "
        "tox.ini or pyproject.toml, as coverage.py does)",
    )
    parser.add_argument(
        "--no-rcfile",
        dest="rcfile",
        action="store_const",
        const=NO_FILE,
        help="ignore coverage.py's settings; read only [tool.pykcov]",
    )


def configured(args: argparse.Namespace, *, quiet: bool = False) -> Config:
    """Return the settings in force: those of pyproject.toml, overridden by the command line.
    Prints notes about them on stderr, unless quiet. Raises PykcovError config-bad."""
    config = configuration.read(rcfile=getattr(args, "rcfile", NO_FILE))
    reports = "program" not in args
    for name in keys():
        given = getattr(args, name, None)
        if given is not None:
            at = f"report_{name}" if reports and name in ("include", "omit") else name
            config.put(at, str(given) if isinstance(given, Path) else given, "the command line")
    if (why := configuration.wrong(config)) is not None:
        raise PykcovError("config-bad", why)
    if not quiet:
        for note in config.notes:
            print(f"pykcov: {note}", file=sys.stderr)
    return config


def add_recording_mode(parser: argparse.ArgumentParser, each: str, default: str | None) -> None:
    """Add --recording-mode, and --discipline, as it was called until 0.2. each: what "blocks"
    records each block once for."""
    modes = ("trace", "blocks")
    parser.add_argument(
        "--recording-mode",
        choices=modes,
        default=default,
        help=f"record every block in order (trace, the default), or each block once{each} (blocks)",
    )
    hidden = argparse.SUPPRESS
    parser.add_argument(
        "--discipline", dest="recording_mode", choices=modes, default=hidden, help=hidden
    )


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
    """Add the options for instrumentation; comparisons: the help text for --comparisons."""
    parser.add_argument(
        "--prune",
        action="store_true",
        help="omit probes whose hits can be inferred from others: faster, and reports stay exact, "
        "but traces no longer contain every block in order",
    )
    parser.add_argument("--comparisons", action="store_true", help=comparisons)
    add_exclude(parser, "leave out functions and classes")


def add_exclude(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --exclude; what: begins its help."""
    parser.add_argument(
        "--exclude",
        metavar="RE",
        action="append",
        help=f"{what} whose def or class line matches this, or has '# pragma: no kcov'",
    )


def store_of(args: argparse.Namespace) -> SymbolStore:
    """Return the store that the command line names."""
    return SymbolStore(args.store) if args.store else SymbolStore()
