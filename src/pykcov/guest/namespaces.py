"""A guest's numbers in namespaces of its own.

/proc shows processes and ids as its reader numbers them. A guest in a PID or user namespace has
other numbers for them, and those are what a kernel must answer.
"""

from __future__ import annotations

import errno
import functools
import os
from dataclasses import dataclass

from pykcov.errors import fail
from pykcov.guest import proc_raw
from pykcov.kernel.credentials import Numbers

_ALL = 1 << 32

Ranges = tuple[tuple[int, ...], ...]  # of /proc/PID/uid_map: inside, outside, how many

_SAME: Ranges = ((0, 0, _ALL),)


def numbers(tid: int) -> Numbers:
    """Return what a thread calls itself. Raises OSError when it is gone."""
    status = proc_raw.status(tid)
    return Numbers(status.ns_tids[-1], status.ns_pids[-1])


def parent(tid: int) -> int:
    """Return what a thread calls its process's parent. Raises OSError when the thread is gone."""
    status = proc_raw.status(tid)
    while status.ppid:
        try:
            above = proc_raw.status(status.ppid).ns_pids
        except OSError:
            status = proc_raw.status(tid)  # the parent has ended just now; there is another one
            continue
        # It is in the same namespace, or in one further out, where the child can't see it.
        depth = len(status.ns_pids)
        return above[depth - 1] if len(above) >= depth else 0
    return 0


@functools.cache
def _overflow(kind: str) -> int:
    """What Linux shows for an id that a namespace does not have."""
    return proc_raw.setting(f"kernel/overflow{kind}")


@dataclass(frozen=True)
class IdMap:
    """The ids of a user namespace: pykcov.kernel.credentials.Ids."""

    uids: Ranges = _SAME
    gids: Ranges = _SAME

    def uid(self, uid: int) -> int:
        found = _moved(self.uids, uid, 1, 0)
        return _overflow("uid") if found is None else found

    def gid(self, gid: int) -> int:
        found = _moved(self.gids, gid, 1, 0)
        return _overflow("gid") if found is None else found

    def own_uid(self, uid: int) -> int:
        return _known(_moved(self.uids, uid, 0, 1))

    def own_gid(self, gid: int) -> int:
        return _known(_moved(self.gids, gid, 0, 1))

    def have(self, uid: int, gid: int) -> bool:
        moved = _moved(self.uids, uid, 1, 0), _moved(self.gids, gid, 1, 0)
        return None not in moved


def _moved(ranges: Ranges, number: int, source: int, target: int) -> int | None:
    for row in ranges:
        if 0 <= number - row[source] < row[2]:
            return number - row[source] + row[target]
    return None


def _known(number: int | None) -> int:
    if number is None:
        raise fail(errno.EINVAL)
    return number


PLAIN = IdMap()


def ids(tid: int) -> IdMap:
    """Return how a thread sees users and groups; PLAIN when it is as this process does.

    The map's outside is the reader's namespace, except for a reader in the same one, whose ids need
    no map.
    """
    try:
        if os.stat(f"/proc/{tid}/ns/user").st_ino == os.stat("/proc/self/ns/user").st_ino:
            return PLAIN
        return IdMap(proc_raw.ranges(tid, "uid_map"), proc_raw.ranges(tid, "gid_map"))
    except OSError:
        return PLAIN  # it is gone, or can't be looked into
