"""What a watchdog that was killed leaves behind.

All that a guest starts is, or becomes, a child of the watchdog. When somebody kills the watchdog,
its children go to the next process above that adopts orphans: the supervisor's, if it called
adopt(). It tells them from its own children by the guest's filter, which no process can drop. A
program that calls run() itself adopts nobody, because that would change what becomes of its other
children; there strays are found below the processes that are known.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterable

from pykcov.guest import proc_raw

_PR_SET_CHILD_SUBREAPER = 36
_PAUSE, _MOST = 0.002, 5.0  # seconds: between two looks, and for all

_libc = ctypes.CDLL(None, use_errno=True)


def adopt() -> None:
    """Have orphaned descendants become this process's children. Where that is refused the watchdog
    says so: it needs it, too."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def hold(known: Iterable[int]) -> list[int]:
    """Return pidfds of all processes below `known`, while their parents live to tell."""
    children = proc_raw.children()
    held: list[int] = []
    found = list(known)
    for above in found:
        for pid in children.get(above, ()):
            with contextlib.suppress(OSError):
                held.append(os.pidfd_open(pid))
                found.append(pid)
                if proc_raw.parent(pid) != above:  # it ended, and the number is another's
                    os.close(held.pop())
                    found.pop()
    return held


def end(held: Iterable[int]) -> None:
    """Kill the strays: those in `held`, which is closed, and what was adopted."""
    for pidfd in held:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)
    until = time.monotonic() + _MOST
    while (adopted := _adopted()) and time.monotonic() < until:
        for pid in adopted:
            os.kill(pid, signal.SIGKILL)  # a child of ours: nobody else can have its number
        time.sleep(_PAUSE)
        for pid in adopted:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _adopted() -> list[int]:
    """Children of this process that have a filter more than it has."""
    own = proc_raw.filters(os.getpid())
    children = proc_raw.children().get(os.getpid(), ())
    return [pid for pid in children if proc_raw.filters(pid) > own]
