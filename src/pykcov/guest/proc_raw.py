"""What /proc tells of guests: identity of descriptors, links, ids, signals, ends.

A guest's thread is /proc/TID, also where TID is no process's number.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

_PF_EXITING = 0x4  # include/linux/sched.h: set before anything of the thread is taken down
_FLAGS, _STATE = 6, 0  # fields of /proc/PID/stat behind the name


def _text(path: str) -> str:
    """Read a file of /proc, whole."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 16384).decode("ascii", "replace")
    finally:
        os.close(fd)


@dataclass(frozen=True)
class Status:
    """Of /proc/TID/status. Ids: real, effective, saved, of the file system. Signals: masks."""

    tgid: int
    uids: tuple[int, ...]
    gids: tuple[int, ...]
    groups: frozenset[int]
    pending: int  # the thread's own
    shared_pending: int
    blocked: int
    threads: int
    umask: int


def status(tid: int) -> Status:
    """Read it. Raises OSError when the thread is gone."""
    rows = dict(line.split(":", 1) for line in _text(f"/proc/{tid}/status").splitlines() if line)

    def numbers(name: str) -> tuple[int, ...]:
        return tuple(map(int, rows[name].split()))

    return Status(
        numbers("Tgid")[0],
        numbers("Uid"),
        numbers("Gid"),
        frozenset(numbers("Groups")),
        int(rows["SigPnd"], 16),
        int(rows["ShdPnd"], 16),
        int(rows["SigBlk"], 16),
        numbers("Threads")[0],
        int(rows.get("Umask", "0"), 8),  # what has ended has none
    )


def is_alive(pid: int, tid: int) -> bool:
    """Has the thread not begun to exit? What an exit does that others can see comes after that."""
    try:
        fields = _text(f"/proc/{pid}/task/{tid}/stat").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[_STATE] not in "ZX" and not int(fields[_FLAGS]) & _PF_EXITING


def threads(pid: int) -> set[int]:
    """Return the threads of a process; none when it is gone."""
    try:
        return set(map(int, os.listdir(f"/proc/{pid}/task")))
    except (FileNotFoundError, ProcessLookupError):
        return set()
