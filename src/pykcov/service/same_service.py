"""Is another process one of the same service?

Processes that are forked, or started with PYKCOV_JOIN, belong to a service because it started them.
Others know each other by their command lines: workers that load an application each for itself have
sys.argv of the process that forked or spawned them, and a server that executes itself again, as
gunicorn does at SIGUSR2, and reloaders do, gives the same one. So processes are kin that are of the
same user, and have the same words, in the same directory.

Of `python -c`, stdin and a prompt nothing is known: they are nobody's kin.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from hashlib import sha256

_NAMELESS = ("", "-", "-c", "-m")  # -m: the module's path is not known yet
_noted: set[str] = set()


def _command(words: Iterable[str]) -> set[str]:
    words = list(words)
    if not words or words[0] in _NAMELESS:
        return set()
    try:
        where = os.getcwd()  # noqa: PTH109 - this is on the way of every Python that starts
    except OSError:  # it was removed
        where = ""
    return {sha256(json.dumps([where, words]).encode()).hexdigest()[:16]}


def note() -> None:
    """Remember the present command line: a program that another one runs changes it."""
    _noted.update(_command(sys.argv))


def commands() -> list[str]:
    """What this process has been called, for others to compare."""
    return sorted(_noted | _command(sys.argv))


def is_kin(theirs: Iterable[str]) -> bool:
    """Is a process, of which these are the commands(), of this one's service?"""
    return not set(commands()).isdisjoint(theirs)


def was_started_alike(theirs: Iterable[str]) -> bool:
    """Was this Python, which starts just now, started as a process with these commands() was?"""
    words = sys.orig_argv
    mine = set[str]().union(*(_command(words[n:]) for n in range(1, len(words))))
    return not mine.isdisjoint(theirs)
