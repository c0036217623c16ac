"""What a kernel's methods work with: the task that makes the call, nodes, and open files.

A guest that opens a node gets a placeholder, a descriptor of a host file. So the host takes care of
descriptor numbers, dup, fork, close-on-exec and SCM_RIGHTS; the descriptor stands for an OpenFile.
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

DEVICE = os.makedev(0, 0x70)  # st_dev of all nodes; no host file system has it

_inodes = itertools.count(1)
_REOPEN = os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | os.O_SYNC | os.O_DSYNC


class Host(enum.Enum):
    """The type of HOST."""

    HOST = "the host runs the call"


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
        """Does it exist now?"""
        return True

    @property
    def size(self) -> int:
        """Size in bytes, for stat()."""
        return 0

    def stat(self) -> Stat:
        """Return the result of stat(2)."""
        return Stat(self.mode, self.ino, DEVICE, self.uid, self.gid, self.atime, self.mtime,
                    self.ctime, self.size)  # fmt: skip

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        """Open it; permissions are already checked. Raises OSError."""
        return OpenFile(self, flags, path)


class OpenFile:
    """What a guest's descriptor stands for. Each method handles a system call on it; by default it
    fails as on a Linux file whose driver doesn't implement the call."""

    stands_in = True  # False: the descriptor is the host's file itself

    def __init__(self, node: Node, flags: int, path: str) -> None:
        self.node, self.flags, self.path = node, flags, path
        self.position = 0

    @property
    def host_flags(self) -> int:
        """The flags to open the placeholder with. Linux can't pass on O_PATH descriptors, so the
        guest gets an O_RDONLY one, and calls not allowed with O_PATH fail with EBADF."""
        return self.flags & _REOPEN if not self.flags & os.O_PATH else os.O_RDONLY

    def placeholder(self) -> int:
        """Return a new host descriptor for the guest to hold. Raises OSError."""
        fd = os.memfd_create(os.path.basename(self.path)[:200] or "file", os.MFD_CLOEXEC)
        try:
            os.fchmod(fd, stat.S_IMODE(self.node.mode))
            return reopen(fd, self.host_flags)
        finally:
            os.close(fd)

    def release(self) -> None:
        """Called when the last descriptor and the last mapping are gone."""

    def stat(self) -> Stat:
        """Return the result of fstat(2)."""
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
    """Open the file of `fd` again."""
    return os.open(f"/proc/self/fd/{fd}", flags | os.O_CLOEXEC)


@dataclass(frozen=True)
class Place:
    """Where a guest's path leads.

    path: absolute and without links, as the guest would write it. chain: the nodes of Files.find(),
    or None for a host path. file: the open file that it leads to, if it was given as
    "/proc/self/fd/N", or as a descriptor and an empty path. last: the path's last name as the guest
    wrote it; some calls care about ".", ".." and a trailing slash. passed: the kernel's directories
    in which names were looked up on the way.
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
        """Is it a path on the host?"""
        return self.chain is None and self.file is None


class Caller(Protocol):
    """A task of the guest that is waiting for the result of a system call.

    Arguments are raw registers, unsigned 64-bit integers; pykcov.abi.words converts them to signed
    ones. Addresses are in the guest's memory. Methods raise OSError: EFAULT for a bad address.
    """

    @property
    def tid(self) -> int:
        """The thread ID in this process's PID namespace."""

    @property
    def pid(self) -> int:
        """The process ID in this process's PID namespace."""

    def numbers(self) -> Numbers:
        """Return thread and process ID in the task's own PID namespace."""

    def parent(self) -> int:
        """Return the parent's process ID in the task's own PID namespace; 0 if it is outside."""

    def ids(self) -> Ids:
        """Return the mapping of user and group IDs to the task's user namespace."""

    def read(self, address: int, size: int) -> bytes:
        """Read `size` bytes of the guest's memory."""

    def write(self, address: int, data: bytes) -> None:
        """Write into the guest's memory."""

    def read_string(self, address: int) -> bytes:
        """Read a string up to its NUL. Raises OSError: ENAMETOOLONG after 4096 bytes."""

    def lookup(
        self, dirfd: int, address: int, *, follow: bool = True, empty: bool = False
    ) -> Place:
        """Resolve the path at `address`, relative to the directory `dirfd`.

        follow: resolve a link in the last component. empty: an empty path means `dirfd` itself.
        """

    def path(self, address: int, dirfd: int = AT_FDCWD) -> str:
        """Return the path that lookup() finds."""

    def file(self, fd: int) -> OpenFile | None:
        """Return the OpenFile of a descriptor; None for a host file or an invalid descriptor."""

    def cwd(self) -> OpenFile | None:
        """Return the process's working directory; None if it is the host's."""

    def chdir(self, file: OpenFile | None) -> None:
        """Set the process's working directory to one of the kernel's, or to the host's (None).

        Takes ownership of `file`: it is released when no process uses it as working directory.
        """

    def install(self, file: OpenFile, flags: int = 0) -> int:
        """Give the guest a descriptor for `file` and return its number. flags: O_CLOEXEC. Raises
        OSError: EMFILE, as open(2). On failure, releases the file unless placeholder() failed."""

    def credentials(self, real: bool = False) -> Credentials:
        """Return its user and groups, as IDs in this process's user namespace. real: the real IDs,
        as access(2) uses, instead of the effective ones."""

    def umask(self) -> int:
        """Return the task's umask."""

    def settle(self) -> None:
        """Release files that have been closed by now. This happens soon anyway; call it if you need
        it at once, and hold no lock that a release() takes."""

    def wait(
        self,
        condition: threading.Condition,
        ready: Callable[[], bool],
        timeout: float | None = None,
    ) -> bool:
        """Wait until ready() or for `timeout` seconds; the caller holds `condition`. Returns the
        last result of ready().

        Other tasks are served meanwhile. Raises InterruptedError if the guest gets a signal; then
        the guest restarts the call, or gets EINTR, depending on its handler.
        """
