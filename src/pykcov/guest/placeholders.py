"""Placeholders: descriptors of the host's that guests hold for files of the kernel's.

Each is an inode of its own, so a look at /proc/TID/fd/N tells which file a descriptor stands for,
whatever dup, fork, execve or SCM_RIGHTS did to it. A watch on the inode tells when its open file is
gone: Linux reports the close when the last descriptor is closed and the last mapping unmapped, in
whatever process (checked with a mapping that outlives its descriptor). The watch also keeps a
memfd's inode from being used again; a removed directory's is free when it has been closed. The
report must be of the guest's open file: what the supervisor opens of the inode for itself it keeps
open for as long as the watch is there, and an open file of another mode, such as a debugger's, is
told apart by the kind of close.
"""

from __future__ import annotations

import ctypes
import os
import struct
import threading

from pykcov.errors import fail
from pykcov.kernel.interface import OpenFile

_IN_CLOSE_WRITE, _IN_CLOSE_NOWRITE = 0x08, 0x10  # include/uapi/linux/inotify.h
_EVENT = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)

Identity = tuple[int, int]  # st_dev, st_ino


def _checked(result: int) -> int:
    if result < 0:
        raise fail(ctypes.get_errno())
    return result


class Placeholders:
    """The open files of all guests of one kernel, by their placeholders' identity."""

    def __init__(self) -> None:
        self.fd = _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        self._lock = threading.Lock()
        self._collecting = threading.Lock()  # held until all is released that was heard of
        self._files: dict[Identity, OpenFile] = {}
        self._watched: dict[int, tuple[Identity, OpenFile]] = {}
        self._devices: set[int] = set()

    def add(self, file: OpenFile, fd: int) -> None:
        """`fd` is the placeholder of `file`. Raises OSError."""
        seen = os.fstat(fd)
        with self._lock:
            # Both bits of the access mode together mean neither: a file for ioctls only.
            writes = file.host_flags & os.O_ACCMODE in (os.O_WRONLY, os.O_RDWR)
            how = _IN_CLOSE_WRITE if writes else _IN_CLOSE_NOWRITE
            path = f"/proc/self/fd/{fd}".encode()
            watch = _checked(_libc.inotify_add_watch(self.fd, path, how))
            identity = (seen.st_dev, seen.st_ino)
            self._watched[watch] = identity, file
            self._files[identity] = file
            self._devices.add(seen.st_dev)

    def at(self, path: str) -> OpenFile | None:
        """Return the file whose placeholder `path`, of the host's, leads to."""
        try:
            seen = os.stat(path)
        except OSError:
            return None
        if seen.st_dev not in self._devices:
            return None
        return self._files.get((seen.st_dev, seen.st_ino))

    def collect(self) -> None:
        """Release the files that nobody has open any more. Call it when `fd` is readable."""
        with self._collecting:
            try:
                events = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return
            for at in range(0, len(events), _EVENT.size):
                watch, mask, _, _ = _EVENT.unpack_from(events, at)
                if mask & (_IN_CLOSE_WRITE | _IN_CLOSE_NOWRITE):
                    self._release(watch)

    def _release(self, watch: int) -> None:
        with self._lock:
            identity, file = self._watched.pop(watch, (None, None))
            if identity is None or file is None:
                return
            if self._files.get(identity) is file:  # a removed directory's number may be used again
                del self._files[identity]
            _libc.inotify_rm_watch(self.fd, watch)
        file.release()

    def close(self) -> None:
        """Release all files: no guest is left."""
        self.collect()
        for watch in list(self._watched):
            self._release(watch)
        self._files.clear()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __len__(self) -> int:
        return len(self._watched)
