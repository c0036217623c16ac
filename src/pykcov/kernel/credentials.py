"""A task's identity: its IDs, its user and groups, and what these may do with a node."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import Protocol


class Owned(Protocol):
    """Something that credentials are checked against: a node."""

    mode: int
    uid: int
    gid: int


@dataclass(frozen=True)
class Numbers:
    """Thread and process ID in the task's own PID namespace."""

    tid: int
    pid: int


class Ids(Protocol):
    """Maps user and group IDs between this process's user namespace and a task's."""

    def uid(self, uid: int) -> int:
        """Return a user ID of this process as the task sees it; the overflow ID if unmapped."""

    def gid(self, gid: int) -> int:
        """The same for a group."""

    def own_uid(self, uid: int) -> int:
        """Return a task's user ID as this process sees it. Raises OSError: EINVAL if unmapped."""

    def own_gid(self, gid: int) -> int:
        """The same for a group."""

    def have(self, uid: int, gid: int) -> bool:
        """Does the task have ids for a user and a group of this process's?"""


@dataclass(frozen=True)
class Credentials:
    """Who a task is to the file system: user, group and further groups.

    ids: None for a task of this process's user namespace, in whose ids all others are.
    """

    uid: int
    gid: int
    groups: frozenset[int]
    ids: Ids | None = None

    def overrides(self, node: Owned) -> bool:
        """Is the task root to this node? The root of a user namespace is so only to what belongs
        to users and groups of that namespace."""
        if self.ids is None:
            return self.uid == 0
        return self.ids.uid(self.uid) == 0 and self.ids.have(node.uid, node.gid)

    def may(self, node: Owned, want: int) -> bool:
        """Does a node's mode allow `want`: os.R_OK, W_OK, X_OK, or'ed?"""
        if self.overrides(node):
            return not want & 1 or stat.S_ISDIR(node.mode) or bool(node.mode & 0o111)
        if self.uid == node.uid:
            bits = node.mode >> 6
        elif self.gid == node.gid or node.gid in self.groups:
            bits = node.mode >> 3
        else:
            bits = node.mode
        return bits & want == want
