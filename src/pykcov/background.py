"""Threads of pykcov's own: the program does not see what they do, and they get no signals.

The kernel gives a signal to any thread that does not block it. A handler that Python code wrote
runs on the main thread, whichever got the signal; one in C runs on that. uWSGI's ends the
interpreter, and on a thread of ours that would wait for the main thread for ever. Nor would a
system call of the main thread be interrupted.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pykcov.probe import Unseen

# What a thread does to itself stays its own: blocked, it would kill the process without a word.
_OWN = {
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGTRAP,
    signal.SIGABRT,
    signal.SIGSYS,
}
_BLOCKED = frozenset(signal.valid_signals() - _OWN)


@contextmanager
def no_signals() -> Iterator[None]:
    """In `with`: threads that are started get no signals, ever."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_thread(run: Callable[[], None], name: str) -> threading.Thread:
    """Start a thread that does run(), and does not keep the process from ending."""
    starter = threading.get_native_id()
    unseen = Unseen(run)

    def begin() -> None:
        # gevent may have made a greenlet of it, on a thread that others run on.
        run() if threading.get_native_id() == starter else unseen()

    thread = threading.Thread(target=begin, name=name, daemon=True)
    with no_signals():
        thread.start()
    return thread
