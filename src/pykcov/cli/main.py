"""pykcov VERB ..."""

from __future__ import annotations

import io
import os
import sys

import pykcov
from pykcov.cli import (
    add,
    annotate,
    cache,
    cmp,
    combine,
    config,
    diff,
    env,
    erase,
    guest,
    ls,
    reports,
    run,
    symbolize,
    watch,
)
from pykcov.cli.parser import Parser, complain
from pykcov.errors import PykcovError
from pykcov.report import KINDS

VERBS = {
    "run": run,
    "guest": guest,
    "ls": ls,
    "watch": watch,
    "symbolize": symbolize,
    "diff": diff,
    "cmp": cmp,
    "add": add,
    "combine": combine,
    **dict.fromkeys(KINDS, reports),
    "annotate": annotate,
    "erase": erase,
    "config": config,
    "cache": cache,
    "env": env,
}


def main(argv: list[str] | None = None) -> None:
    """Run the command line `argv` (default: sys.argv[1:]); always ends in SystemExit."""
    parser = Parser(
        prog="pykcov",
        description="kcov for Python programs: which basic blocks did this thread execute, in "
        "order?",
        epilog="'pykcov VERB --help' describes a verb. Not related to the coverage tool kcov.",
    )
    parser.add_argument("--version", action="version", version=f"pykcov {pykcov.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", dest="verb", parser_class=Parser, required=True)
    for name, verb in VERBS.items():
        verb.add_to(verbs, name)
    args = parser.parse_args(argv)
    try:
        if args.verb in ("run", "guest"):  # stdout belongs to the program
            raise SystemExit(VERBS[args.verb].main(args))
        for stream in (sys.stdin, sys.stdout):  # traces and paths can contain any bytes
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        status = VERBS[args.verb].main(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except PykcovError as error:
        complain(str(error))
    except UnicodeEncodeError as error:
        if sys.getfilesystemencoding() == "utf-8":
            raise
        name = error.object.encode(errors="backslashreplace").decode()
        complain(f"this locale can't encode {name!a}: set PYTHONUTF8=1 [name-undecodable]")
    except BrokenPipeError:
        # The reader has gone (`| head`): end quietly, also when Python flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    raise SystemExit(status)
