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

from pykcov import probe, refs
from pykcov.errors import own_bug

_steps: list[Callable[[], object]] = [refs.after_fork]
_due: list[Callable[[], object]] = []  # of this process: a signal handler may raise between two
_generation = probe.generation()


def in_child(step: Callable[[], object]) -> None:
    """Have step() called in each forked child, behind those of the modules below."""
    _steps.append(step)


def notice() -> None:
    """Do the steps if this process was forked and they aren't done yet."""
    global _generation
    if _generation == probe.generation() and not _due:
        return
    with probe.quiet:
        if _generation != probe.generation():
            _generation, _due[:] = probe.generation(), _steps
        while _due:
            step = _due.pop(0)
            try:
                step()
            except Exception:
                own_bug("fork-failed", "a forked child could not be made ready")


probe.on_fork(notice)
os.register_at_fork(after_in_child=notice)
