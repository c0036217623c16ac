"""Lets Python processes that a counted program starts count into the same data file.

Forked children do so anyway (collector.py). New processes (subprocess, multiprocessing's spawn and
forkserver, xdist's workers, os.exec*) find in their environment what to count, and pykcov.pth,
which runs in every Python that has pykcov installed, makes them join.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from pykcov.errors import PykcovError
from pykcov.instrumentation import main_module, session
from pykcov.measure import collector
from pykcov.measure.exits import CONTEXT, COUNT
from pykcov.probe import quiet
from pykcov.symbols import active

_joined: list[session.Instrumentation] = []  # what join() has instrumented


def announce(data: Path, context: str = "", **options: Any) -> None:
    """Let Python processes started from now on count, until conceal().

    data, context, options: as for collector.start(). They instrument the same code as this process.
    """
    told = {"data": str(data), "options": options, **session.saved()}
    told["store"] = os.path.abspath(told["store"])  # noqa: PTH100 - a child may be elsewhere
    os.environ |= {COUNT: json.dumps(told), CONTEXT: ""}
    collector.hand_on(context)


def conceal() -> None:
    """Stop letting Python processes started from now on count."""
    for name in (COUNT, CONTEXT):
        os.environ.pop(name, None)


def join() -> None:
    """Count in this process, which was started by one that counts. Called by pykcov.pth: any error
    is printed as one line, and the program goes on."""
    if _joined or main_module.is_pykcov():  # site may read the file twice
        return
    with quiet:
        try:
            told = json.loads(os.environ[COUNT])
            _joined.extend(session.restore(told))
            context = os.environ.get(CONTEXT, "")
            store = active.current_store()
            options = told["options"]
            # Pools normally end their workers with SIGTERM.
            options["sigterm"] |= any("from multiprocessing." in word for word in sys.orig_argv)
            collector.start(Path(told["data"]), store, context, **options, joining=True)
        except (PykcovError, OSError) as error:
            _complain(error)
        except Exception as error:  # from another version of pykcov
            _complain(repr(error))
        else:
            main_module.instrument_script()


def leave() -> None:
    """If this process has joined, save and stop counting, because it is about to count on its own.
    Raises PykcovError as collector.stop() does."""
    if _joined:
        collector.stop()
        while _joined:
            _joined.pop().undo()


def _complain(why: object) -> None:
    if sys.stderr is not None:  # otherwise print() would use stdout
        print(f"pykcov: not counted: {why}", file=sys.stderr)
