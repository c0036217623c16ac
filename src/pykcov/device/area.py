"""An area: the shared words that a recorder writes and clients map.

It is a sealed memfd: no client can shrink it and so make the program under test fault, or grow it,
or remove the seals. It is created empty when the descriptor is opened, so that a process forked
before KCOV_INIT_TRACE shares it. Pages cost memory only when they are touched.

For a socket descriptor it also holds a control page and a second area (probe/csrc/control.h).
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import sys
import zlib
from typing import Any

from pykcov.abi.kcov import SIZE_MIN, WORD
from pykcov.errors import fail
from pykcov.probe import OwnFile, map_over

SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
_NORESERVE = 0x4000  # MAP_NORESERVE
_CHUNK = 1 << 20  # bytes that saving looks at in one piece


def whole_pages(size: int) -> int:
    """Return `size`, in words, rounded up to what can be mapped."""
    page = mmap.PAGESIZE // WORD
    return -(-size // page) * page


def with_control(size: int) -> int:
    """Return the words of a memfd whose area has `size`, with a control page and second area."""
    return 2 * whole_pages(size) + mmap.PAGESIZE // WORD


def map_words(fd: int, size: int, prot: int = mmap.PROT_READ | mmap.PROT_WRITE) -> mmap.mmap:
    """Map `size` words of the area `fd`, without keeping a descriptor of it. Raises OSError."""
    if sys.version_info >= (3, 13):
        return mmap.mmap(fd, size * WORD, mmap.MAP_SHARED, prot, trackfd=False)
    memory = mmap.mmap(-1, size * WORD, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE, prot)
    map_over(memory, fd, prot)
    return memory


class Area:
    """A memfd, and this process's own mapping of it, made when it is first needed."""

    _sealing = 0  # bytes that allocate() was about to seal

    def __init__(self, name: str = "kcov", control: bool = False) -> None:
        """name: what /proc/PID/maps shows of a mapping. control: it has a control page."""
        self._memory: mmap.mmap | None = None
        self._has_control = control
        self._file = OwnFile.memfd(name)

    @property
    def fd(self) -> int:
        """The memfd's number. Raises OSError EBADF after close(), or when the program closed it."""
        return self._file.fileno()

    @property
    def number(self) -> int:
        """The same as fd, but -1 instead of an error."""
        return self._file.fileno() if self._file.is_ours() else -1

    @property
    def size(self) -> int:
        """Words in the memfd; 0 before allocate()."""
        return os.fstat(self.fd).st_size // WORD

    def allocate(self, size: int) -> None:
        """Set the area's final `size` in words, all 0. Raises OSError ENOMEM.

        Until the seals are on, a guest may write into the memfd or seal it. An interrupted
        allocate() can be repeated with the same size.
        """
        octets = (with_control(size) if self._has_control else size) * WORD
        try:
            if not self._is_sealed(octets):
                os.ftruncate(self.fd, 0)
                os.ftruncate(self.fd, octets)
                self._sealing = octets
                fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, SEALS)
        except OSError as error:
            raise fail(errno.ENOMEM) from error
        if os.fstat(self.fd).st_size != octets:
            raise fail(errno.ENOMEM)

    def _is_sealed(self, octets: int) -> bool:
        """Was allocate() interrupted just before it finished?"""
        is_it = self._sealing == octets == os.fstat(self.fd).st_size
        return is_it and fcntl.fcntl(self.fd, fcntl.F_GET_SEALS) & SEALS == SEALS

    def memory(self) -> mmap.mmap:
        """Return a mapping of the whole memfd. Raises OSError ENOMEM."""
        if self._memory is None:
            self._memory = map_words(self.fd, self.size)
        return self._memory

    def close(self) -> None:
        """Close the memfd; mappings of it remain. Repeated calls do nothing."""
        self._memory = None
        self._file.close()

    # -- saved state ------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Return size and contents, without untouched pages. Nobody may record meanwhile."""
        chunks = {}
        if self.size >= SIZE_MIN:
            words = self.memory()
            at = 0
            while (at := _next_data(self.fd, at)) >= 0:
                at -= at % _CHUNK
                chunk = words[at : at + _CHUNK]
                if chunk.count(0) != len(chunk):
                    chunks[at] = zlib.compress(chunk, 1)
                at += _CHUNK
        return {"size": self.size, "chunks": chunks}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Area.__init__(self)
        if state["size"]:
            self.allocate(state["size"])
            words = self.memory()
            for at, chunk in state["chunks"].items():
                data = zlib.decompress(chunk)
                words[at : at + len(data)] = data


def _next_data(fd: int, at: int) -> int:
    """Offset of the next byte that was ever touched, or -1."""
    try:
        return os.lseek(fd, at, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return -1
