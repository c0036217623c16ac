"""The system calls that a kernel answers out of itself. docs/syscalls.md is printed from it.

Each row has a method of the same name on Kernel. A call that has no row, and no method of a
kernel's own, runs on the host and costs nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from pykcov.abi.syscalls import NUMBER


class Support(enum.Enum):
    """How much of a call there is, for the files that a kernel shows; the host's are the host's."""

    FULL = "full"
    PARTIAL = "partial"
    WATCHED = "watched"  # the host does it; the supervisor has to know


class Trap(enum.Enum):
    """When a call reaches the supervisor. A kernel's own method always makes it do so."""

    ALWAYS = "always"
    KCOV_REQUEST = "requests of type 'c'"
    FILE_MAPPING = "mappings of files"
    STRICT = "with --strict"


@dataclass(frozen=True)
class Syscall:
    """One system call."""

    name: str
    support: Support = Support.FULL
    note: str = ""
    trap: Trap = Trap.ALWAYS


_XATTR = "there are none: ENOTSUP, and an empty list"
_EPERM = "names below a mount can't be made, moved or removed: EPERM"

TABLE = (
    Syscall("open"),
    Syscall("openat"),
    Syscall("openat2", Support.PARTIAL, "how.resolve is not looked at"),
    Syscall("creat"),
    Syscall("stat"),
    Syscall("lstat"),
    Syscall("fstat"),
    Syscall("newfstatat"),
    Syscall("statx", Support.PARTIAL, "basic statistics, whatever the mask asks"),
    Syscall("access"),
    Syscall("faccessat"),
    Syscall("faccessat2"),
    Syscall("readlink", note="also of /proc/PID/fd/N"),
    Syscall("readlinkat", note="also of /proc/PID/fd/N"),
    Syscall("chmod"),
    Syscall("fchmod"),
    Syscall("fchmodat"),
    Syscall("fchmodat2"),
    Syscall("chown"),
    Syscall("lchown"),
    Syscall("fchown"),
    Syscall("fchownat"),
    Syscall("utime"),
    Syscall("utimes"),
    Syscall("futimesat"),
    Syscall("utimensat"),
    Syscall("getxattr", note=_XATTR),
    Syscall("lgetxattr", note=_XATTR),
    Syscall("fgetxattr", note=_XATTR),
    Syscall("setxattr", note=_XATTR),
    Syscall("lsetxattr", note=_XATTR),
    Syscall("fsetxattr", note=_XATTR),
    Syscall("listxattr", note=_XATTR),
    Syscall("llistxattr", note=_XATTR),
    Syscall("flistxattr", note=_XATTR),
    Syscall("removexattr", note=_XATTR),
    Syscall("lremovexattr", note=_XATTR),
    Syscall("fremovexattr", note=_XATTR),
    Syscall("truncate"),
    Syscall("ftruncate"),
    Syscall("getdents64"),
    Syscall("statfs", note="debugfs's magic number, and no blocks"),
    Syscall("fstatfs", note="as statfs"),
    Syscall("chdir"),
    Syscall("fchdir"),
    Syscall("getcwd"),
    Syscall("mknod", Support.PARTIAL, _EPERM),
    Syscall("mknodat", Support.PARTIAL, _EPERM),
    Syscall("mkdir", Support.PARTIAL, _EPERM),
    Syscall("mkdirat", Support.PARTIAL, _EPERM),
    Syscall("rmdir", Support.PARTIAL, _EPERM),
    Syscall("unlink", Support.PARTIAL, _EPERM),
    Syscall("unlinkat", Support.PARTIAL, _EPERM),
    Syscall("rename", Support.PARTIAL, _EPERM),
    Syscall("renameat", Support.PARTIAL, _EPERM),
    Syscall("renameat2", Support.PARTIAL, _EPERM),
    Syscall("link", Support.PARTIAL, _EPERM),
    Syscall("linkat", Support.PARTIAL, _EPERM),
    Syscall("symlink", Support.PARTIAL, _EPERM),
    Syscall("symlinkat", Support.PARTIAL, _EPERM),
    Syscall("ioctl", trap=Trap.KCOV_REQUEST),
    Syscall("mmap", note="checked, then done by the host", trap=Trap.FILE_MAPPING),
    Syscall("read", trap=Trap.STRICT),
    Syscall("write", trap=Trap.STRICT),
    Syscall("readv", trap=Trap.STRICT),
    Syscall("writev", trap=Trap.STRICT),
    Syscall("pread64", trap=Trap.STRICT),
    Syscall("pwrite64", trap=Trap.STRICT),
    Syscall("lseek", trap=Trap.STRICT),
    Syscall("epoll_ctl", trap=Trap.STRICT),
    Syscall("fallocate", trap=Trap.STRICT),
    Syscall("execve", Support.WATCHED, "below a mount EACCES; the calling thread keeps its kcov"),
    Syscall("execveat", Support.WATCHED, "as execve"),
    Syscall("exit", Support.WATCHED, "the thread's kcov is disabled"),
    Syscall("exit_group", Support.WATCHED, "the kcovs of all threads are disabled"),
)

assert all(row.name in NUMBER for row in TABLE)


def document() -> str:
    """Return the table as Markdown."""
    lines = [
        "# System calls of guests",
        "",
        "Printed from `pykcov.kernel.syscall_table` by `make docs`. These calls know the files",
        "that a kernel shows (`kernel.files`), the coverage device among them; for files of the",
        "host's they are the host's. A kernel adds calls of its own, and may put its own in the",
        "place of these. Any other call runs on the host, untouched.",
        "",
        "| system call | number | support | trapped | note |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row.name}` | {NUMBER[row.name]} | {row.support.value} | {row.trap.value} "
        f"| {row.note} |"
        for row in TABLE
    ]
    return "\n".join(lines) + "\n"
