"""Finds out whether another process belongs to the same service.

Processes that a service forks, or starts with PYKCOV_JOIN, belong to it. Others recognize each
other by their command lines. Workers that each load the application have the sys.argv of the
process that forked or spawned them; a server that executes itself again, like gunicorn at SIGUSR2
and reloaders, passes the same one. So processes of the same user with the same command line in the
same directory belong together.

`python -c`, stdin and the interactive prompt have no usable command line, and never match.
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
        where = os.getcwd()  # noqa: PTH109 - runs in every Python that starts
    except OSError:  # it was removed
        where = ""
    return {sha256(json.dumps([where, words]).encode()).hexdigest()[:16]}


def note() -> None:
    """Remember the current command line: running a program from another one changes it."""
    _noted.update(_command(sys.argv))


def commands() -> list[str]:
    """Return hashes of this process's command lines, for others to compare."""
    return sorted(_noted | _command(sys.argv))


def is_kin(theirs: Iterable[str]) -> bool:
    """Does a process with these commands() belong to the same service as this one?"""
    return not set(commands()).isdisjoint(theirs)


def was_started_alike(theirs: Iterable[str]) -> bool:
    """Was this Python started with the same command line as a process with these commands()?"""
    words = sys.orig_argv
    mine = set[str]().union(*(_command(words[n:]) for n in range(1, len(words))))
    return not mine.isdisjoint(theirs)
