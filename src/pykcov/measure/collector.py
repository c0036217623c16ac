"""Counting what a program executes into a data file: all threads, and forked children.

What is going on has a name, the context, that may change. What was counted under each is kept until
there is enough of it to write, or some seconds have gone by.

Without changes of the context, all is written at the end. A thread can do it now and then, for
processes that are killed: opt-in, for a program may see that it is there.
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
MOST = 500_000  # counts that are kept in memory

# Guards what is pending; taken before that of counts.py. Forks wait for it: in the child
# SQLite would believe that the transaction of a thread that is not there is still open.
_lock = threading.RLock()
# As they are now: a program may put others there (gevent does).
_start_thread, _sleep = _thread.start_new_thread, time.sleep


@dataclass
class _Counting:
    data: DataFile
    store: SymbolStore
    context: str
    wanted: Callable[[str], bool] | None
    every: float = 0.0  # seconds between the writes of a thread; 0: there is none
    listing: Callable[[DataFile], list[Measured]] | None = None  # until it has been written
    saving: bool = False
    then: Callable[[], None] | None = None  # what is to be done after the save that is under way
    pending: dict[str, dict[int, int]] = field(default_factory=dict)  # by context: hits by PC
    size: int = 0  # of all in pending
    written: float = field(default_factory=time.monotonic)
    # Of PCs: number of the first block of the text, -1 if the store has none, and of the block.
    _places: dict[int, tuple[int, int]] = field(default_factory=dict)
    _files: dict[int, FileSymbols] = field(default_factory=dict)  # by that first number

    def take(self) -> None:
        """Put what was counted since the last time to its context."""
        hits = self.pending.setdefault(self.context, {})
        taken = counts.take()
        self.size += len(taken)
        if not hits:
            self.pending[self.context] = taken
            return
        for pc, count in taken.items():
            hits[pc] = hits.get(pc, 0) + count

    def write(self) -> None:
        """Add what is pending to the data file. It stays pending when that fails."""
        self.written = time.monotonic()
        if any(self.pending.values()):
            self.data.write(self._measured())
        self.pending, self.size = {}, 0

    def list_the_rest(self) -> None:
        """Add, once, the files that nothing executed."""
        if self.listing is not None:
            if found := self.listing(self.data):
                self.data.write(found)
            self.listing = None

    def _measured(self) -> list[Measured]:
        places, files = self._places, self._files  # most tests execute what others did

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
    """Count from now on, until stop() or the end of this process; its forked children count, too.

    wanted: of which files, by path; None: of all. every: also write each so many seconds. patch,
    sigterm: at which ends beside Python's own, as of endings.watch(). listing: called at the end;
    what it returns is added. joining: another process has begun the file. Raises PykcovError
    counting-already, and those of DataFile.
    """
    global _running
    if _running is not None:
        raise PykcovError(
            "counting-already", f"this process counts into {_running.data.path} already"
        )
    data = DataFile(path)
    if not joining:
        data.write(())  # an unwritable one is told now
    _running = _Counting(data, store, context, wanted, every, listing)
    counts.enable()
    atexit.register(_unseen_at_exit)
    exits.watch(_at_the_end, _at_the_end, patch, sigterm)
    _save_now_and_then(_running)


def switch(context: str) -> None:
    """What is executed from now on is counted under another context."""
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
    """Have Pythons that this process starts count under a context, where they are to count."""
    if exits.CONTEXT in os.environ:
        os.environ[exits.CONTEXT] = context.replace("\0", "")


def save(
    complaining: bool = True, then: Callable[[], None] | None = None, *, ending: bool = False
) -> bool:
    """Add what was counted since the last time to the data file. Returns whether that went well.

    ending: the process is about to end: add, too, what start() was given to list. then: called
    afterwards. In a signal handler that has interrupted a save, that is when the
    interrupted one is done; nothing else happens there.
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
        except PykcovError as error:  # tried again, the next time
            saved = False
            if complaining:
                say(f"pykcov: {error}")
        finally:
            running.saving = False
        if running.then is not None:
            running.then()
        return saved


def stop() -> None:
    """Count no more. Raises PykcovError as DataFile does."""
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
    """Start the thread that does, if one is wanted. threading does not know it, and it ends with
    the process."""

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
        _running.every = 0  # the interpreter may end a thread wherever it is


_unseen_at_exit, _unseen_save = Unseen(_at_exit), Unseen(save)


def _before_fork() -> None:
    _lock.acquire()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork() -> None:
    """A child begins with no hits, and saves them when it ends; so do multiprocessing's, which end
    without atexit."""
    global _lock
    _lock = threading.RLock()  # whoever held it is not in this process
    if _running is None:
        return
    counts.clear()
    _running.pending, _running.size = {}, 0
    _running.saving, _running.then, _running.listing = False, None, None
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        # multiprocessing forgets its finalizers in a new child before it runs; later ones hold.
        util.register_after_fork(
            save, Unseen(lambda _: util.Finalize(None, _unseen_save, exitpriority=-100))
        )
    _save_now_and_then(_running)


os.register_at_fork(before=Unseen(_before_fork), after_in_parent=Unseen(_after_fork_in_parent))
forks.in_child(_after_fork)
