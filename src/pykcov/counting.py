"""Counting what a program executes into a data file: all threads, and forked children."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Any

from pykcov import coverage
from pykcov.errors import PykcovError
from pykcov.probe import quiet
from pykcov.report.data import DataFile
from pykcov.store import SymbolStore

_running: tuple[DataFile, SymbolStore, str] | None = None


def start(path: Path, store: SymbolStore, context: str = "") -> None:
    """Count from now on, until this process ends; its forked children count, too."""
    global _running
    _running = DataFile(path), store, context
    _running[0].write(())  # an unwritable one is told now
    coverage.enable()
    atexit.register(save)


def save() -> None:
    """Add what was counted since the last time to the data file."""
    if _running is None:
        return
    data, store, context = _running
    with quiet:
        counts = coverage.take()
        try:
            data.add(counts, store, context)
        except PykcovError as error:
            print(f"pykcov: {error}", file=sys.stderr)


def _after_fork() -> None:
    """A child begins with no hits, and saves them when it ends; so do multiprocessing's, which end
    without atexit."""
    if _running is None:
        return
    coverage.clear()
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        # multiprocessing forgets its finalizers in a new child before it runs; later ones hold.
        util.register_after_fork(save, lambda _: util.Finalize(None, save, exitpriority=-100))


os.register_at_fork(after_in_child=_after_fork)
