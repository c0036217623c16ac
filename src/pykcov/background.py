"""pykcov's own threads. The program doesn't see what they do, and they receive no signals.

The kernel delivers a signal to any thread that doesn't block it. A handler written in Python runs
on the main thread, but one in C runs on the thread that got the signal. uWSGI's handler ends the
interpreter, and on one of our threads it would wait for the main thread forever. Also, a system
call of the main thread would not be interrupted.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pykcov.probe import Unseen

# Signals that a thread causes itself: if they were blocked, they would kill the process silently.
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
    """A context manager: threads started in it never receive signals."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_thread(run: Callable[[], None], name: str) -> threading.Thread:
    """Start a thread that calls run(); the process does not wait for it at exit."""
    starter = threading.get_native_id()
    unseen = Unseen(run)

    def begin() -> None:
        # gevent may have made it a greenlet on a thread that runs others, too.
        run() if threading.get_native_id() == starter else unseen()

    thread = threading.Thread(target=begin, name=name, daemon=True)
    with no_signals():
        thread.start()
    return thread
