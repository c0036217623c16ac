"""What /proc tells of guests: identity of descriptors, links, ids, signals, ends.

A guest's thread is /proc/TID, also where TID is no process's number.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

_PF_EXITING = 0x4  # include/linux/sched.h: set before anything of the thread is taken down
_FLAGS, _PARENT, _STATE = 6, 1, 0  # fields of /proc/PID/stat behind the name


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
    ppid: int
    ns_tids: tuple[int, ...]  # in each PID namespace, the thread's own last
    ns_pids: tuple[int, ...]
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
        numbers("PPid")[0],
        numbers("NSpid"),
        numbers("NStgid"),
        numbers("Uid"),
        numbers("Gid"),
        frozenset(numbers("Groups")),
        int(rows["SigPnd"], 16),
        int(rows["ShdPnd"], 16),
        int(rows["SigBlk"], 16),
        numbers("Threads")[0],
        int(rows.get("Umask", "0"), 8),  # what has ended has none
    )


def ranges(tid: int, name: str) -> tuple[tuple[int, ...], ...]:
    """Read uid_map or gid_map: inside, outside, how many. Raises OSError."""
    rows = _text(f"/proc/{tid}/{name}").splitlines()
    return tuple(tuple(map(int, row.split())) for row in rows)


def root(tid: int) -> str | None:
    """Return the path of a thread's root directory, which chroot(2) changes; None when no path of
    ours leads there, as in another mount namespace."""
    link = f"/proc/{tid}/root"
    try:
        seen = os.stat(link)
        if os.path.samestat(seen, os.stat("/")):
            return "/"
        path = os.readlink(link)
        return path if os.path.samestat(seen, os.stat(path)) else None
    except FileNotFoundError:
        return None
    except OSError:
        return "/"  # a process that can't be looked into


def setting(name: str) -> int:
    """Read a number of /proc/sys. Raises OSError."""
    return int(_text(f"/proc/sys/{name}"))


def _stat(path: str) -> list[str]:
    """Read a file of the kind of /proc/PID/stat; none of its fields when it is gone."""
    try:
        return _text(path).rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid: int, tid: int) -> bool:
    """Has the thread not begun to exit? What an exit does that others can see comes after that."""
    fields = _stat(f"/proc/{pid}/task/{tid}/stat")
    return bool(fields) and fields[_STATE] not in "ZX" and not int(fields[_FLAGS]) & _PF_EXITING


def may_be_in(pid: int, tid: int, calls: tuple[int, ...]) -> bool:
    """May the thread be in one of these system calls, or have been in one when it went? Of one that
    runs nobody can tell; of one in the midst of execve Linux may say -1."""
    try:
        first = _text(f"/proc/{pid}/task/{tid}/syscall").split(maxsplit=1)[0]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return True
    return first == "running" or int(first) < 0 or int(first) in calls


def filters(pid: int) -> int:
    """Return how many seccomp filters a process has; 0 when it is gone."""
    try:
        rows = _text(f"/proc/{pid}/status").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(row.split()[1]) for row in rows if row.startswith("Seccomp_filters:")), 0)


def parent(pid: int) -> int:
    """Return a process's parent; 0 when it has none, or is gone."""
    fields = _stat(f"/proc/{pid}/stat")
    return int(fields[_PARENT]) if fields else 0


def children() -> dict[int, list[int]]:
    """Return the children of all processes that have some."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            found.setdefault(parent(int(name)), []).append(int(name))
    return found


def threads(pid: int) -> set[int]:
    """Return the threads of a process; none when it is gone."""
    try:
        return set(map(int, os.listdir(f"/proc/{pid}/task")))
    except (FileNotFoundError, ProcessLookupError):
        return set()
