"""struct stat and struct statx as x86-64 has them, struct linux_dirent64, and their constants."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_EACCESS = 0x200
AT_REMOVEDIR = 0x200
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000

UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2

STATX_BASIC_STATS = 0x7FF

DT_DIR = 4
DT_REG = 8

NANO = 10**9
BLOCK = 512  # bytes: the unit of st_blocks

_STAT = struct.Struct("<QQQIIIiQqqq6q3q")
_STATX = struct.Struct("<IIQIIIHHQQQQ" + "qII" * 4 + "IIII" + "Q" * 14)
_DIRENT64 = struct.Struct("<QqHB")


@dataclass(frozen=True)
class Stat:
    """What stat(2) tells; times in nanoseconds, `size` in bytes."""

    mode: int
    ino: int
    dev: int
    uid: int
    gid: int
    atime: int
    mtime: int
    ctime: int
    size: int = 0
    nlink: int = 1
    blksize: int = 4096

    def pack(self) -> bytes:
        """Return it as struct stat."""
        times = [part for t in (self.atime, self.mtime, self.ctime) for part in divmod(t, NANO)]
        blocks = -(-self.size // BLOCK)
        return _STAT.pack(self.dev, self.ino, self.nlink, self.mode, self.uid, self.gid, 0, 0,
                          self.size, self.blksize, blocks, *times, 0, 0, 0)  # fmt: skip

    def pack_statx(self) -> bytes:
        """Return it as struct statx."""
        a, c, m = ((*divmod(t, NANO), 0) for t in (self.atime, self.ctime, self.mtime))
        blocks = -(-self.size // BLOCK)
        return _STATX.pack(STATX_BASIC_STATS, self.blksize, 0, self.nlink, self.uid, self.gid,
                           self.mode, 0, self.ino, self.size, blocks, 0, *a, 0, 0, 0, *c, *m,
                           0, 0, os.major(self.dev), os.minor(self.dev), *[0] * 14)  # fmt: skip


def pack_dirents(
    entries: Iterable[tuple[str, int, int]], first: int, room: int
) -> tuple[bytes, int]:
    """Return as many struct linux_dirent64 as fit into `room` bytes, and how many that are.

    entries: name, inode number and DT_ type of each. first: the position of the first of them.
    """
    packed = bytearray()
    count = 0
    for name, ino, kind in entries:
        encoded = os.fsencode(name) + b"\0"
        length = -(-(_DIRENT64.size + len(encoded)) // 8) * 8
        if len(packed) + length > room:
            break
        count += 1
        packed += _DIRENT64.pack(ino, first + count, length, kind) + encoded
        packed += bytes(-len(packed) % 8)
    return bytes(packed), count
