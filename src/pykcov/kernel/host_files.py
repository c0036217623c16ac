"""Host files at paths that lead out of a directory that a kernel shows.

The host can't resolve "../etc/passwd" from such a directory, because it has no such directory. So
the kernel looks the file up and opens it for the guest, provided that the guest has the same user
and groups as this process. It never creates, changes or removes files there.
"""

from __future__ import annotations

import errno
import os
import stat

from pykcov.abi.stat import Stat
from pykcov.errors import fail
from pykcov.kernel.interface import Caller, Node, OpenFile

_OPENS = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFCHR)  # opening these doesn't block


class Outside(Node):
    """A file on the host."""

    def __init__(self, path: str, follow: bool = False) -> None:
        """follow: follow a link. Raises OSError if there is no such file."""
        self._seen = os.stat(path, follow_symlinks=follow)
        self.mode, self.uid, self.gid = self._seen.st_mode, self._seen.st_uid, self._seen.st_gid
        self.ino = self._seen.st_ino

    def stat(self) -> Stat:
        seen = self._seen
        return Stat(seen.st_mode, seen.st_ino, seen.st_dev, seen.st_uid, seen.st_gid,
                    seen.st_atime_ns, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size,
                    seen.st_nlink, seen.st_blksize)  # fmt: skip

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        who = task.credentials()
        own = (os.geteuid(), os.getegid(), frozenset(os.getgroups()))
        if stat.S_ISLNK(self.mode):
            raise fail(errno.ELOOP)
        if stat.S_IFMT(self.mode) not in _OPENS or (who.uid, who.gid, who.groups) != own:
            raise fail(errno.EACCES)
        return OpenOutside(self, flags, path)


class OpenOutside(OpenFile):
    """An open host file: the guest gets the file itself, not a placeholder."""

    stands_in = False

    def placeholder(self) -> int:
        kept = self.flags & (os.O_TRUNC | os.O_DIRECTORY) if not self.flags & os.O_PATH else 0
        flags = self.host_flags | kept | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
        return os.open(self.path, flags)
