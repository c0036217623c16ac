"""What a kernel's methods meet: the task that makes the call, nodes and open files.

A guest that opens a node holds a placeholder, a descriptor of the host's, so that its number, dup,
fork, close-on-exec and SCM_RIGHTS stay the host's affair; what the descriptor stands for is an
OpenFile.
"""

from __future__ import annotations

import enum
import errno
import itertools
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from pykcov.abi.stat import AT_FDCWD, Stat
from pykcov.errors import fail
from pykcov.kernel.credentials import Credentials, Ids, Numbers

DEVICE = os.makedev(0, 0x70)  # st_dev of all nodes: no file system of the host's

_inodes = itertools.count(1)
_REOPEN = os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | os.O_SYNC | os.O_DSYNC


class Host(enum.Enum):
    """The type of HOST."""

    HOST = "the host does the call"


HOST: Final = Host.HOST  # returned by a handler to let the host run the call


class Node:
    """A file or directory. mode: type and permissions; times are nanoseconds since the epoch."""

    kind = stat.S_IFREG

    def __init__(self, mode: int) -> None:
        self.mode = self.kind | stat.S_IMODE(mode)
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.ino = next(_inodes)
        self.atime = self.mtime = self.ctime = time.time_ns()

    def exists(self) -> bool:
        """Is it there now?"""
        return True

    @property
    def size(self) -> int:
        """In bytes, as stat tells it."""
        return 0

    def stat(self) -> Stat:
        """Return what stat(2) tells."""
        return Stat(self.mode, self.ino, DEVICE, self.uid, self.gid, self.atime, self.mtime,
                    self.ctime, self.size)  # fmt: skip

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        """Open it; permissions have been checked. Raises OSError."""
        return OpenFile(self, flags, path)


class OpenFile:
    """What a guest's descriptor stands for. Each method is a system call on it; without one of its
    own it fails as on a file of Linux's whose driver does not have it."""

    stands_in = True  # calls on the descriptor are calls on this; else it is the host's own file

    def __init__(self, node: Node, flags: int, path: str) -> None:
        self.node, self.flags, self.path = node, flags, path
        self.position = 0

    @property
    def host_flags(self) -> int:
        """What the placeholder is opened with. Linux hands on no descriptor of O_PATH: the guest
        gets one of O_RDONLY, on which calls that it should not have fail with EBADF."""
        return self.flags & _REOPEN if not self.flags & os.O_PATH else os.O_RDONLY

    def placeholder(self) -> int:
        """Return a new descriptor of the host's, for the guest to hold. Raises OSError."""
        fd = os.memfd_create(os.path.basename(self.path)[:200] or "file", os.MFD_CLOEXEC)
        try:
            os.fchmod(fd, stat.S_IMODE(self.node.mode))
            return reopen(fd, self.host_flags)
        finally:
            os.close(fd)

    def release(self) -> None:
        """The last descriptor of it, and the last mapping, are gone."""

    def stat(self) -> Stat:
        """Return what fstat(2) tells."""
        return self.node.stat()

    def ioctl(self, task: Caller, request: int, arg: int) -> object:
        raise fail(errno.ENOTTY)

    def mmap(self, task: Caller, length: int, offset: int) -> object:
        raise fail(errno.ENODEV)

    def read(self, task: Caller, address: int, count: int) -> object:
        raise fail(errno.EINVAL)

    def write(self, task: Caller, address: int, count: int) -> object:
        raise fail(errno.EINVAL)

    def pread(self, task: Caller, address: int, count: int, offset: int) -> object:
        raise fail(errno.ESPIPE)

    def pwrite(self, task: Caller, address: int, count: int, offset: int) -> object:
        raise fail(errno.ESPIPE)

    def lseek(self, task: Caller, offset: int, whence: int) -> object:
        raise fail(errno.ESPIPE)

    def truncate(self, task: Caller, length: int) -> object:
        raise fail(errno.EINVAL)

    def getdents64(self, task: Caller, address: int, count: int) -> object:
        raise fail(errno.ENOTDIR)


def reopen(fd: int, flags: int) -> int:
    """Open the file behind `fd` anew."""
    return os.open(f"/proc/self/fd/{fd}", flags | os.O_CLOEXEC)


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
    passed: tuple[Node, ...] = ()

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
