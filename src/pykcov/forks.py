"""What pykcov does in a forked child: a list of steps, each executed once.

Hooks of os.register_at_fork only run when Python forks. A C program that embeds Python, such as
uWSGI, forks without running them. A pthread_atfork handler counts those forks, too. The steps then
run at the child's first hit (probe/csrc/fork.c), or in the first function that calls notice(), as
every function does that reads or changes state that a fork makes stale.

Steps run in the order in which modules add them, so after the steps of the modules that theirs
imports, whose state they may rely on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import get_native_id
from time import sleep

from pykcov import probe
from pykcov.errors import own_bug

_steps: list[Callable[[], object]] = []
_done = probe.generation()  # generation of the last process that has done all steps
_due: dict[int, list[Callable[[], object]]] = {}  # by generation: a step that raised is not due
_doing: dict[int, tuple[int, object]] = {}  # by generation: which OS thread, and which call of it
_PAUSE = 0.0005  # seconds between checks whether another thread has done them


def in_child(step: Callable[[], object]) -> None:
    """Call step() in each forked child, after the steps added so far."""
    _steps.append(step)


def do_due() -> bool:
    """Do the steps if this process was forked and hasn't done them yet. Waits if another thread is
    doing them, because in between handles and tables are inconsistent.

    Uses no lock, because a thread of the parent might hold it: the first thread to make an entry in
    a dict wins."""
    if _done != probe.generation():
        with probe.quiet:
            _do(probe.generation())
    return _done == probe.generation()


def _do(generation: int) -> None:
    global _done
    mine = get_native_id(), object()
    while _done != generation:
        found = _doing.setdefault(generation, mine)
        if found is mine:
            try:
                due = _due.setdefault(generation, list(_steps))
                while due:
                    _step(due.pop(0))
                _done = generation
            finally:  # if a signal handler raised, the next caller continues
                del _doing[generation]
        elif found[0] == mine[0]:
            return  # a step has called us
        else:
            sleep(_PAUSE)


def _step(step: Callable[[], object]) -> None:
    try:
        step()
    except Exception:
        own_bug("fork-failed", "a forked child could not be made ready")


notice = probe.notice  # calls do_due() where there is something to do
probe.on_fork(do_due)
os.register_at_fork(after_in_child=notice)
