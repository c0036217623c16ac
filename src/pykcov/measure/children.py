"""Pythons that a counted program starts count, too, into the same data file.

Forked children do so anyway (collector.py). One that is executed anew (subprocess, spawn and
forkserver of multiprocessing, xdist's workers, os.exec*) finds in its environment what is counted,
and pykcov.pth, which every Python runs that has pykcov installed, has it join.
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
    """Have Pythons that this process starts count from now on, until conceal().

    data, context, options: as of counting.start(). What is instrumented here will be there.
    """
    told = {"data": str(data), "options": options, **session.saved()}
    told["store"] = os.path.abspath(told["store"])  # noqa: PTH100 - a child may be elsewhere
    os.environ |= {COUNT: json.dumps(told), CONTEXT: ""}
    collector.hand_on(context)


def conceal() -> None:
    """Have Pythons that are started from now on count no more."""
    for name in (COUNT, CONTEXT):
        os.environ.pop(name, None)


def join() -> None:
    """Count in this process, which one that counts has started. pykcov.pth calls this: whatever
    goes wrong is told in a line, and the program goes on."""
    if _joined or main_module.is_pykcov():  # site may read the file twice
        return
    with quiet:
        try:
            told = json.loads(os.environ[COUNT])
            _joined.extend(session.restore(told))
            context = os.environ.get(CONTEXT, "")
            store = active.current_store()
            options = told["options"]
            # Pools end their workers by SIGTERM, as a matter of course.
            options["sigterm"] |= any("from multiprocessing." in word for word in sys.orig_argv)
            collector.start(Path(told["data"]), store, context, **options, joining=True)
        except (PykcovError, OSError) as error:
            _complain(error)
        except Exception as error:  # another version's
            _complain(repr(error))
        else:
            main_module.instrument_script()


def leave() -> None:
    """Save, and count no more, where this process has joined: it is about to count by itself.
    Raises PykcovError as counting.stop() does."""
    if _joined:
        collector.stop()
        while _joined:
            _joined.pop().undo()


def _complain(why: object) -> None:
    if sys.stderr is not None:  # else print() takes stdout
        print(f"pykcov: not counted: {why}", file=sys.stderr)
