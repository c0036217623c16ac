"""Does what it is told with files, and prints what came of it: the same on every file system.

argv: a directory. stdin: JSON, a list of sequences of operations; each gets a directory of its own.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import sys
from collections.abc import Callable
from typing import Any


class Sequence:
    """The operations, and the descriptors that they have opened so far."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.fds: list[int] = []
        os.chdir(base)

    def at(self, path: str) -> str:
        """A path from the sequence's directory; of "~/PATH" from the current one."""
        return path[2:] if path.startswith("~/") else f"{self.base}/{path}"

    def fd(self, slot: int) -> int:
        return self.fds[slot % len(self.fds)] if self.fds else 9999

    def open(self, path: str, flags: int, mode: int) -> str:
        self.fds.append(os.open(self.at(path), flags, mode))
        return "opened"

    def openat(self, slot: int, path: str, flags: int) -> str:
        self.fds.append(os.open(path, flags, 0o644, dir_fd=self.fd(slot)))
        return "opened"

    def reopen(self, slot: int, flags: int) -> str:
        self.fds.append(os.open(f"/proc/self/fd/{self.fd(slot)}", flags))
        return "opened"

    def dup(self, slot: int) -> str:
        self.fds.append(os.dup(self.fd(slot)))
        return "dupped"

    def close(self, slot: int) -> None:
        fd = self.fd(slot)
        os.close(fd)
        self.fds.remove(fd)

    def read(self, slot: int, count: int) -> str:
        return os.read(self.fd(slot), count).decode("latin-1")

    def write(self, slot: int, text: str) -> int:
        return os.write(self.fd(slot), text.encode())

    def readv(self, slot: int, *counts: int) -> list[str]:
        parts = [bytearray(count) for count in counts]
        done = os.readv(self.fd(slot), parts)
        return [str(done), *(bytes(part).decode("latin-1") for part in parts)]

    def writev(self, slot: int, *texts: str) -> int:
        return os.writev(self.fd(slot), [text.encode() for text in texts])

    def pread(self, slot: int, count: int, at: int) -> str:
        return os.pread(self.fd(slot), count, at).decode("latin-1")

    def pwrite(self, slot: int, text: str, at: int) -> int:
        return os.pwrite(self.fd(slot), text.encode(), at)

    def lseek(self, slot: int, offset: int, whence: int) -> int | str:
        fd = self.fd(slot)
        if self.fds and stat.S_ISDIR(os.fstat(fd).st_mode):
            return "a directory's positions are its file system's"
        return os.lseek(fd, offset, whence)

    def ftruncate(self, slot: int, length: int) -> None:
        os.ftruncate(self.fd(slot), length)

    def truncate(self, path: str, length: int) -> None:
        os.truncate(self.at(path), length)

    def setfl(self, slot: int, flags: int) -> int:
        fcntl.fcntl(self.fd(slot), fcntl.F_SETFL, flags)
        return fcntl.fcntl(self.fd(slot), fcntl.F_GETFL) & (os.O_APPEND | os.O_ACCMODE)

    def stat(self, path: str) -> list[Any]:
        return facts(os.stat(self.at(path)))

    def fstat(self, slot: int) -> list[Any]:
        return facts(os.fstat(self.fd(slot)))

    def access(self, path: str, mode: int) -> bool:
        return os.access(self.at(path), mode)

    def chmod(self, path: str, mode: int) -> None:
        os.chmod(self.at(path), mode)

    def readlink(self, path: str) -> str:
        return os.readlink(self.at(path))

    def where(self, slot: int) -> str:
        return os.readlink(f"/proc/self/fd/{self.fd(slot)}").replace(os.path.dirname(self.base), "")

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(self.at(path)))

    def listfd(self, slot: int) -> list[str]:
        return sorted(os.listdir(self.fd(slot))) if self.fds else []

    def walk(self) -> list[Any]:
        return sorted([name.replace(self.base, ""), *sorted(dirs), *sorted(files)]
                      for name, dirs, files in os.walk(self.base))  # fmt: skip

    def mkdir(self, path: str, mode: int) -> None:
        os.mkdir(self.at(path), mode)

    def rmdir(self, path: str) -> None:
        os.rmdir(self.at(path))

    def unlink(self, path: str) -> None:
        os.unlink(self.at(path))

    def rename(self, old: str, new: str) -> None:
        os.rename(self.at(old), self.at(new))

    def chdir(self, path: str) -> None:
        os.chdir(self.at(path))

    def fchdir(self, slot: int) -> None:
        os.fchdir(self.fd(slot))

    def getcwd(self) -> str:
        return os.getcwd().replace(os.path.dirname(self.base), "")

    def stay(self) -> None:
        """Leave a directory that is not the sequence's, or is none any more."""
        try:
            if os.getcwd().startswith(self.base):
                return
        except FileNotFoundError:
            pass
        os.chdir(self.base)

    def do(self, name: str, *args: Any) -> Any:
        method: Callable[..., Any] = getattr(self, name)
        try:
            return method(*args)
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        finally:
            self.stay()

    def end(self) -> None:
        for fd in self.fds:
            os.close(fd)


def facts(seen: os.stat_result) -> list[Any]:
    """What does not depend on the file system."""
    size = seen.st_size if stat.S_ISREG(seen.st_mode) else None
    return [oct(seen.st_mode), seen.st_nlink, size, seen.st_uid, seen.st_gid]


def main() -> None:
    os.umask(0o022)
    os.mkdir(f"{sys.argv[1]}/all")
    for number, operations in enumerate(json.load(sys.stdin)):
        base = f"{sys.argv[1]}/all/{number}"
        os.mkdir(base)
        sequence = Sequence(base)
        print(json.dumps([sequence.do(*operation) for operation in operations]))
        sequence.end()


main()
