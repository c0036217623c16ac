"""Threads of pykcov's own get no signals: those are for the program's.

The kernel gives a signal to any thread that does not block it. A handler that Python code wrote
runs on the main thread, whichever got the signal; one in C runs on that. uWSGI's ends the
interpreter, and on a thread of ours that would wait for the main thread for ever. Nor would a
system call of the main thread be interrupted.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

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
