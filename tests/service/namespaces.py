"""Processes in namespaces and of users of their own, where tests may have such."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

STRANGER = 12345  # a uid with no entry in the list of users


@functools.cache
def _refused(*command: str) -> str:
    """Why a command that changes what a process is can't be run; empty if it can."""
    if shutil.which(command[0]) is None:
        return f"needs the command {command[0]}"
    done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    return f"{' '.join(command)}: {done.stderr.strip()}" if done.returncode else ""


def _allowed(*command: str) -> list[str]:
    if why := _refused(*command):
        pytest.skip(why)
    return list(command)


def unshare(*options: str) -> list[str]:
    """The words before a command that run it in new namespaces, `unshare *options`."""
    return _allowed("unshare", *options)


def stranger(uid: int = STRANGER) -> list[str]:
    """The words before a command that run it as another user.

    It may read what root may, because this Python and its modules may be in root's home; it may
    write, and connect, to nothing more than the user.
    """
    caps = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    ids = ("--reuid", str(uid), "--regid", str(uid), "--clear-groups")
    return _allowed("setpriv", *ids, *caps)


def only_child(pid: int) -> int:
    """Return the pid, as it is here, of the one child that a process has."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if len(children) == 1:
            return int(children[0])
        os.sched_yield()
    raise AssertionError(f"{pid} has no child of its own")
