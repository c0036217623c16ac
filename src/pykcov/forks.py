"""What pykcov does in a forked child: one list of steps, done once, whoever forked.

os.register_at_fork is called when Python forks. A program in C that embeds Python, such as uWSGI,
forks without calling it. A pthread_atfork handler counts those forks, too, and the steps are done
at the child's first hit (probe/csrc/fork.c) or in the first function that calls notice(): each
that reads or changes what a fork makes stale.

Steps are done in the order in which modules add theirs, so behind those of the modules that theirs
imports: a step relies on what they have put right.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import get_native_id
from time import sleep

from pykcov import probe
from pykcov.errors import own_bug

_steps: list[Callable[[], object]] = []
_done = probe.generation()  # in which all steps were done
_due: dict[int, list[Callable[[], object]]] = {}  # by generation: a step that raised is not due
_doing: dict[int, tuple[int, object]] = {}  # by generation: which OS thread, and which call of it
_PAUSE = 0.0005  # seconds between two looks whether another thread has done them


def in_child(step: Callable[[], object]) -> None:
    """Have step() called in each forked child, behind those of the modules below."""
    _steps.append(step)


def do_due() -> bool:
    """Do the steps if this process was forked and they aren't done yet. A thread that comes while
    another one is at it waits: in between, handles and tables are neither the parent's nor ours.

    There is no lock, which a thread of the parent might hold: entries of a dict are made by the one
    that comes first."""
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
            finally:  # a signal handler may have raised: whoever comes next goes on
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
