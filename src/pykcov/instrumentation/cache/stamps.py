"""Stamps show that a module's code is unchanged, without reading the source or the .pyc.

importlib accepts a .pyc that has the source's modification time (in seconds) and size. A stamp
consists of os.stat() results for the source and the .pyc: size, inode, mtime (in nanoseconds), and
ctime, which no program can set back. As long as it is the same, importlib would find the same .pyc
valid, and execute the same code.

Only one kind of loader has stamps (import_hook.py). There is no stamp if importlib would do more
than read the .pyc: read the source, for a hash-based .pyc; or compile it, with warnings, if there
is no .pyc.
"""

from __future__ import annotations

import importlib._bootstrap_external as _external  # what importlib itself calls
import os
import struct
from importlib.util import MAGIC_NUMBER
from pathlib import Path

_STAMP = struct.Struct("<8q")  # of the source, and of the .pyc: _of()
_SOURCE = _STAMP.size // 2
NONE = bytes(_STAMP.size)  # no file has this stamp


def _of(path: str) -> tuple[int, int, int, int]:
    seen = os.stat(path)  # noqa: PTH116
    return seen.st_mtime_ns, seen.st_size, seen.st_ino, seen.st_ctime_ns


def stamp(path: str) -> bytes:
    """Return the stamp of a source file and its .pyc; NONE where there is none."""
    try:
        return _STAMP.pack(*_of(path), *_of(_external.cache_from_source(path)))
    except (OSError, ValueError, NotImplementedError, struct.error):
        return NONE


def settled(path: str, before: bytes) -> bytes:
    """Return the stamp of what was just loaded: NONE if the source changed meanwhile (`before` is
    the stamp from before), or if the .pyc does not name the source's time and size."""
    after = stamp(path)
    if after == NONE or (before != NONE and before[:_SOURCE] != after[:_SOURCE]):
        return NONE
    time, size, *_ = _STAMP.unpack(after)
    try:
        with Path(_external.cache_from_source(path)).open("rb") as file:
            magic, flags, mtime, length = struct.unpack("<4s3I", file.read(16))
    except (OSError, struct.error):
        return NONE
    named = (time // 10**9 & 0xFFFFFFFF, size & 0xFFFFFFFF)
    good = magic == MAGIC_NUMBER and flags == 0 and (mtime, length) == named
    return after if good and stamp(path) == after else NONE
