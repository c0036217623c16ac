"""When the code of a module is what it was, without a look at the source or the .pyc.

importlib takes a .pyc for good when it names the source's time of change (in seconds) and size. A
stamp is what os.stat says of the source and of the .pyc: size, inode, time of the last change (in
nanoseconds), and of the last change of that, which no program can set back. While it is the same,
importlib would find the same .pyc valid, and execute the same code, for the same reasons.

There is a stamp for one loader only (import_hook.py), and none where importlib would do more than
read the .pyc: look at the source, since the .pyc goes by its hash; or compile it, and warn of what
it finds there, since there is no .pyc.
"""

from __future__ import annotations

import importlib._bootstrap_external as _external  # what importlib itself calls
import os
import struct
from importlib.util import MAGIC_NUMBER
from pathlib import Path

_STAMP = struct.Struct("<8q")  # of the source, and of the .pyc: _of()
_SOURCE = _STAMP.size // 2
NONE = bytes(_STAMP.size)  # what no file has


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
