"""`head`, the file with data about a cache as a whole.

It has the store's id, the last range that the cache knows, with its token (symbols/identity.py),
and the total size of all files. It is changed under a lock, which the system releases when a
process dies.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pykcov import forks
from pykcov.instrumentation.cache.folder import Folder
from pykcov.symbols.identity import Range

NAME = "head"

_HEAD = struct.Struct("<16sq16sq")  # Range (id, first, token), bytes in all
_ATTEMPTS = 10  # at the lock, a millisecond each

# File locks belong to the process as a whole, which loses them when any thread closes the file.
_writing = threading.Lock()  # a leaf


def _unlock_child() -> None:
    global _writing
    _writing = threading.Lock()


forks.in_child(_unlock_child)


def _lock(fd: int) -> None:
    """Lock a file as long as it is open. Raises BlockingIOError if another process holds the lock
    for long: it may have been stopped, and imports must not wait for it."""
    for _ in range(_ATTEMPTS):
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.001)
        else:
            return
    raise BlockingIOError(0, "another process has it locked")


class Head:
    """The file in `folder`."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Open it, and lock it. Raises OSError: BlockingIOError as _lock()."""
        lock = _writing
        if not lock.acquire(timeout=1):
            raise BlockingIOError(0, "another thread has it locked")
        try:
            fd = self._folder.open_file(NAME, os.O_RDWR | os.O_CREAT)
            try:
                _lock(fd)
                yield fd
            finally:
                os.close(fd)
        finally:
            lock.release()

    def last(self) -> Range | None:
        """Return the last range that the cache knows of."""
        if not _writing.acquire(timeout=1):
            return None
        try:
            fd = self._folder.open_file(NAME, os.O_RDONLY | os.O_NONBLOCK)
            try:
                return self.read(fd)[0]
            finally:
                os.close(fd)
        except OSError:
            return None
        finally:
            _writing.release()

    @staticmethod
    def read(fd: int) -> tuple[Range | None, int]:
        """Return the last range, and the size of all files."""
        data = os.pread(fd, _HEAD.size, 0)
        if len(data) != _HEAD.size:
            return None, 0
        store, first, token, total = _HEAD.unpack(data)
        return Range(store.decode("latin-1"), first, token.decode("latin-1")), total

    @staticmethod
    def write(fd: int, last: Range, total: int) -> None:
        """Write both."""
        os.pwrite(fd, _HEAD.pack(last.store.encode(), last.first, last.token.encode(), total), 0)
