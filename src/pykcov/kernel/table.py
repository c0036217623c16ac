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
class Row:
    """One system call."""

    name: str
    support: Support = Support.FULL
    note: str = ""
    trap: Trap = Trap.ALWAYS


_XATTR = "there are none: ENOTSUP, and an empty list"
_EPERM = "names below a mount can't be made, moved or removed: EPERM"

TABLE = (
    Row("open"),
    Row("openat"),
    Row("openat2", Support.PARTIAL, "how.resolve is not looked at"),
    Row("creat"),
    Row("stat"),
    Row("lstat"),
    Row("fstat"),
    Row("newfstatat"),
    Row("statx", Support.PARTIAL, "basic statistics, whatever the mask asks"),
    Row("access"),
    Row("faccessat"),
    Row("faccessat2"),
    Row("readlink", note="also of /proc/PID/fd/N"),
    Row("readlinkat", note="also of /proc/PID/fd/N"),
    Row("chmod"),
    Row("fchmod"),
    Row("fchmodat"),
    Row("fchmodat2"),
    Row("chown"),
    Row("lchown"),
    Row("fchown"),
    Row("fchownat"),
    Row("utime"),
    Row("utimes"),
    Row("futimesat"),
    Row("utimensat"),
    Row("getxattr", note=_XATTR),
    Row("lgetxattr", note=_XATTR),
    Row("fgetxattr", note=_XATTR),
    Row("setxattr", note=_XATTR),
    Row("lsetxattr", note=_XATTR),
    Row("fsetxattr", note=_XATTR),
    Row("listxattr", note=_XATTR),
    Row("llistxattr", note=_XATTR),
    Row("flistxattr", note=_XATTR),
    Row("removexattr", note=_XATTR),
    Row("lremovexattr", note=_XATTR),
    Row("fremovexattr", note=_XATTR),
    Row("truncate"),
    Row("ftruncate"),
    Row("getdents64"),
    Row("statfs", note="debugfs's magic number, and no blocks"),
    Row("fstatfs", note="as statfs"),
    Row("chdir"),
    Row("fchdir"),
    Row("getcwd"),
    Row("mknod", Support.PARTIAL, _EPERM),
    Row("mknodat", Support.PARTIAL, _EPERM),
    Row("mkdir", Support.PARTIAL, _EPERM),
    Row("mkdirat", Support.PARTIAL, _EPERM),
    Row("rmdir", Support.PARTIAL, _EPERM),
    Row("unlink", Support.PARTIAL, _EPERM),
    Row("unlinkat", Support.PARTIAL, _EPERM),
    Row("rename", Support.PARTIAL, _EPERM),
    Row("renameat", Support.PARTIAL, _EPERM),
    Row("renameat2", Support.PARTIAL, _EPERM),
    Row("link", Support.PARTIAL, _EPERM),
    Row("linkat", Support.PARTIAL, _EPERM),
    Row("symlink", Support.PARTIAL, _EPERM),
    Row("symlinkat", Support.PARTIAL, _EPERM),
    Row("ioctl", trap=Trap.KCOV_REQUEST),
    Row("mmap", note="checked, then done by the host", trap=Trap.FILE_MAPPING),
    Row("read", trap=Trap.STRICT),
    Row("write", trap=Trap.STRICT),
    Row("readv", trap=Trap.STRICT),
    Row("writev", trap=Trap.STRICT),
    Row("pread64", trap=Trap.STRICT),
    Row("pwrite64", trap=Trap.STRICT),
    Row("lseek", trap=Trap.STRICT),
    Row("epoll_ctl", trap=Trap.STRICT),
    Row("fallocate", trap=Trap.STRICT),
    Row("execve", Support.WATCHED, "below a mount EACCES; the calling thread keeps its kcov"),
    Row("execveat", Support.WATCHED, "as execve"),
    Row("exit", Support.WATCHED, "the thread's kcov is disabled"),
    Row("exit_group", Support.WATCHED, "the kcovs of all threads are disabled"),
)

assert all(row.name in NUMBER for row in TABLE)


def document() -> str:
    """Return the table as Markdown."""
    lines = [
        "# System calls of guests",
        "",
        "Printed from `pykcov.kernel.table` by `make docs`. These calls know the files that a",
        "kernel shows (`kernel.files`), the coverage device among them; for files of the host's",
        "they are the host's. A kernel adds calls of its own, and may put its own in the place of",
        "these. Any other call runs on the host, untouched.",
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
