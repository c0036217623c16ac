"""What a system call's method is given of the task that made the call."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from pykcov.abi.stat import AT_FDCWD
from pykcov.kernel.files import Directory, Node, OpenFile


@dataclass(frozen=True)
class Numbers:
    """A task and its process, as the task's own PID namespace counts them."""

    tid: int
    pid: int


class Ids(Protocol):
    """Translates ids of users and groups between this process's user namespace and a task's."""

    def uid(self, uid: int) -> int:
        """What the task calls a user of this process's; the overflow id if it has none for it."""

    def gid(self, gid: int) -> int:
        """The same for a group."""

    def own_uid(self, uid: int) -> int:
        """What this process calls a user of the task's. Raises OSError: EINVAL if it has none."""

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

    def overrides(self, node: Node) -> bool:
        """Is the task root to this node? The root of a user namespace is so only to what belongs
        to users and groups of that namespace."""
        if self.ids is None:
            return self.uid == 0
        return self.ids.uid(self.uid) == 0 and self.ids.have(node.uid, node.gid)

    def may(self, node: Node, want: int) -> bool:
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


@dataclass(frozen=True)
class Place:
    """Where a path of a guest's leads.

    path: absolute and without links, as the guest would spell it. chain: None when it is the
    host's, else the nodes of Files.find(). file: what it leads to when that is an open file, named
    by "/proc/self/fd/N" or by a descriptor and an empty path. last: the path's last name as the
    guest wrote it: ".", ".." and a slash behind it are known to some calls. passed: the directories
    that a kernel shows in which the path's names were looked up.
    """

    path: str
    chain: list[Node | None] | None = None
    file: OpenFile | None = field(default=None)
    last: str = ""
    passed: tuple[Directory, ...] = ()

    @property
    def node(self) -> Node | None:
        """The node there, or None."""
        if self.file is not None:
            return self.file.node
        return self.chain[-1] if self.chain else None

    @property
    def is_host(self) -> bool:
        """Is it a path of the host's?"""
        return self.chain is None and self.file is None


class Caller(Protocol):
    """A task that waits for the answer to a system call.

    Arguments are raw: registers, as unsigned 64-bit integers; pykcov.abi.words makes them signed.
    Addresses are the guest's. Methods raise OSError: EFAULT for a bad address.
    """

    @property
    def tid(self) -> int:
        """The thread's number in this process's PID namespace."""

    @property
    def pid(self) -> int:
        """Its process's number in this process's PID namespace."""

    def numbers(self) -> Numbers:
        """What the task itself calls its thread and its process."""

    def parent(self) -> int:
        """What the task calls its process's parent: 0 for one in a PID namespace further out."""

    def ids(self) -> Ids:
        """How the task sees users and groups, which a user namespace numbers in its own way."""

    def read(self, address: int, size: int) -> bytes:
        """Read `size` bytes of the guest's memory."""

    def write(self, address: int, data: bytes) -> None:
        """Write into the guest's memory."""

    def read_string(self, address: int) -> bytes:
        """Read up to a NUL. ENAMETOOLONG after 4096 bytes."""

    def lookup(
        self, dirfd: int, address: int, *, follow: bool = True, empty: bool = False
    ) -> Place:
        """Find out where a path leads: the string at `address`, from the directory `dirfd` on.

        follow: go through a link in the last place. empty: an empty path is `dirfd` itself.
        """

    def path(self, address: int, dirfd: int = AT_FDCWD) -> str:
        """Return the path that lookup() finds."""

    def file(self, fd: int) -> OpenFile | None:
        """Return what a descriptor stands for; None when it is the host's, or none."""

    def cwd(self) -> OpenFile | None:
        """Return the directory that its process is in; None when it is where the host has it."""

    def chdir(self, file: OpenFile | None) -> None:
        """Have its process be in a directory that is shown, or where the host has it (None).

        A `file` that is given is the process's from now on: it is released when none is in it.
        """

    def install(self, file: OpenFile, flags: int = 0) -> int:
        """Give the guest a descriptor of `file`; flags: O_CLOEXEC. EMFILE as open(2); when this
        fails the file is released, unless it was its placeholder() that failed."""

    def credentials(self, real: bool = False) -> Credentials:
        """Who it is, in ids of this process's user namespace; real: by the real ids, as access(2)
        asks, not by those it acts as."""

    def umask(self) -> int:
        """The permissions that the files it makes shall not have."""

    def settle(self) -> None:
        """Release what has been closed by now. It is released soon in any case: this is for who
        must know at once, and holds no lock that a release() wants."""

    def wait(
        self,
        condition: threading.Condition,
        ready: Callable[[], bool],
        timeout: float | None = None,
    ) -> bool:
        """Wait, holding `condition`, until ready(); seconds. Returns what it said last.

        Other tasks are served meanwhile. Raises InterruptedError when a signal has come for the
        guest; the guest restarts the call after it, or gets EINTR, as its handler wants.
        """
