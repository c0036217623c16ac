"""Counts what a program executes, on all threads and in forked children, into a data file.

Counts belong to a named context, which may change. They are kept in memory until there are enough
to write, or some seconds have passed.

If the context doesn't change, everything is written at the end. Optionally a thread writes at
intervals, for processes that get killed; not by default, because the program could notice it.
"""

from __future__ import annotations

import _thread
import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pykcov import forks
from pykcov.background import no_signals
from pykcov.errors import PykcovError
from pykcov.measure import counts, exits
from pykcov.measure.datafile import DataFile, Measured
from pykcov.notices import say
from pykcov.probe import Unseen, quiet
from pykcov.symbols.blocks import FileSymbols, number_of
from pykcov.symbols.store import SymbolStore

SECONDS = 2.0  # between writes, when contexts change
MOST = 500_000  # counts to keep in memory

# Guards pending counts; taken before the lock of counts.py. Forks wait for it: otherwise SQLite in
# the child would consider the transaction of a thread of the parent still open.
_lock = threading.RLock()
# Saved now, because a program may replace them (gevent does).
_start_thread, _sleep = _thread.start_new_thread, time.sleep


@dataclass
class _Counting:
    data: DataFile
    store: SymbolStore
    context: str
    wanted: Callable[[str], bool] | None
    every: float = 0.0  # seconds between writes by a thread; 0: no thread
    listing: Callable[[DataFile], list[Measured]] | None = None  # until it has been written
    saving: bool = False
    then: Callable[[], None] | None = None  # to call after the save in progress
    pending: dict[str, dict[int, int]] = field(default_factory=dict)  # by context: hits by PC
    size: int = 0  # of all in pending
    written: float = field(default_factory=time.monotonic)
    # By PC: number of its file's first block (-1 if unknown to the store), and of the block.
    _places: dict[int, tuple[int, int]] = field(default_factory=dict)
    _files: dict[int, FileSymbols] = field(default_factory=dict)  # by that first number

    def take(self) -> None:
        """Move the counts since the last time to their context."""
        hits = self.pending.setdefault(self.context, {})
        taken = counts.take()
        self.size += len(taken)
        if not hits:
            self.pending[self.context] = taken
            return
        for pc, count in taken.items():
            hits[pc] = hits.get(pc, 0) + count

    def write(self) -> None:
        """Add the pending counts to the data file. They stay pending if that fails."""
        self.written = time.monotonic()
        if any(self.pending.values()):
            self.data.write(self._measured())
        self.pending, self.size = {}, 0

    def list_the_rest(self) -> None:
        """Add, once, the files that were never executed."""
        if self.listing is not None:
            if found := self.listing(self.data):
                self.data.write(found)
            self.listing = None

    def _measured(self) -> list[Measured]:
        places, files = self._places, self._files  # most tests execute the same code as others

        def place(pc: int) -> tuple[int, int]:
            file = self.store.file_of(pc)
            if file is None:
                return -1, 0
            first, files[first] = file
            return first, number_of(pc) - first

        found: dict[int, Measured] = {}
        for context, pending in self.pending.items():
            by_text: dict[int, dict[int, int]] = {}
            for pc, count in pending.items():
                if pc not in places:
                    places[pc] = place(pc)
                first, block = places[pc]
                if first not in by_text:
                    by_text[first] = {}
                by_text[first][block] = count
            for first, hits in by_text.items():
                if first >= 0 and (self.wanted is None or self.wanted(files[first].path)):
                    found.setdefault(first, Measured(files[first])).hits[context] = hits
        return list(found.values())


_running: _Counting | None = None


def start(
    path: Path,
    store: SymbolStore,
    context: str = "",
    wanted: Callable[[str], bool] | None = None,
    *,
    every: float = 0.0,
    patch: Iterable[str] = (),
    sigterm: bool = False,
    listing: Callable[[DataFile], list[Measured]] | None = None,
    joining: bool = False,
) -> None:
    """Count until stop() or the end of this process; forked children count, too.

    wanted: whether to count a file, by path; None: count all. every: also write at this interval,
    in seconds. patch, sigterm: further ends of the process to save at, as for exits.watch().
    listing: called at the end; its result is added to the data. joining: another process has
    created the file. Raises PykcovError: counting-already, and as DataFile does.
    """
    global _running
    if _running is not None:
        raise PykcovError(
            "counting-already", f"this process counts into {_running.data.path} already"
        )
    data = DataFile(path)
    if not joining:
        data.write(())  # fail now if it can't be written
    _running = _Counting(data, store, context, wanted, every, listing)
    counts.enable()
    atexit.register(_unseen_at_exit)
    exits.watch(_at_the_end, _at_the_end, patch, sigterm)
    _save_now_and_then(_running)


def switch(context: str) -> None:
    """Count under another context from now on."""
    forks.notice()
    if _running is None:
        return
    with quiet:
        with _lock:
            _running.take()
            _running.context = context
            hand_on(context)
            counts.enable()  # a program may use measure.counts itself
        if _running.size >= MOST or time.monotonic() - _running.written >= SECONDS:
            save(complaining=False)


def hand_on(context: str) -> None:
    """Make Python processes started from now on count under this context, if they count."""
    if exits.CONTEXT in os.environ:
        os.environ[exits.CONTEXT] = context.replace("\0", "")


def save(
    complaining: bool = True, then: Callable[[], None] | None = None, *, ending: bool = False
) -> bool:
    """Add the counts since the last time to the data file. Returns whether that succeeded.

    ending: the process is about to end, so add what `listing` returns, too. then: called
    afterwards. In a signal handler that interrupted a save, this only arranges for `then` to be
    called after the interrupted save.
    """
    forks.notice()
    if _running is None:
        return True
    with quiet, _lock:
        running = _running
        if running is None:
            return True
        if running.saving:
            running.then = then or running.then
            return True
        running.saving, running.then = True, then
        saved = True
        try:
            running.take()
            running.write()
            if ending:
                running.list_the_rest()
        except PykcovError as error:  # retried next time
            saved = False
            if complaining:
                say(f"pykcov: {error}")
        finally:
            running.saving = False
        if running.then is not None:
            running.then()
        return saved


def stop() -> None:
    """Stop counting, and save. Raises PykcovError as DataFile does."""
    global _running
    forks.notice()
    with quiet, _lock:
        counting, _running = _running, None
        if counting is not None:
            atexit.unregister(_unseen_at_exit)
            exits.unwatch()
            counts.disable()
            counting.take()
            counting.write()
            counting.list_the_rest()


def _save_now_and_then(counting: _Counting) -> None:
    """Start the thread that saves at intervals, if wanted. It ends with the process, and the
    threading module doesn't know it."""

    def run() -> None:
        while True:
            _sleep(counting.every)
            if _running is not counting or not counting.every:
                return
            save(complaining=False)

    if counting.every > 0:
        with no_signals():
            _start_thread(Unseen(run), ())


def _at_the_end(then: Callable[[], None] | None = None) -> None:
    save(then=then, ending=True)


def _at_exit() -> None:
    _at_the_end()
    if _running is not None:
        _running.every = 0  # the interpreter may end a thread at any point


_unseen_at_exit, _unseen_save = Unseen(_at_exit), Unseen(save)


def _before_fork() -> None:
    _lock.acquire()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork() -> None:
    """Start a forked child without hits, to save when it ends; this includes multiprocessing's
    children, which end without atexit."""
    global _lock
    _lock = threading.RLock()  # the thread that held it doesn't exist in the child
    if _running is None:
        return
    counts.clear()
    _running.pending, _running.size = {}, 0
    _running.saving, _running.then, _running.listing = False, None, None
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        # A new child of multiprocessing first clears its finalizers; those added later are kept.
        util.register_after_fork(
            save, Unseen(lambda _: util.Finalize(None, _unseen_save, exitpriority=-100))
        )
    _save_now_and_then(_running)


os.register_at_fork(before=Unseen(_before_fork), after_in_parent=Unseen(_after_fork_in_parent))
forks.in_child(_after_fork)
