"""An area: the shared words that a recorder writes and clients map.

It is a sealed memfd: no client can shrink it and so fault the program under test; nor grow it, nor
take the seals off. It is made empty, when the descriptor is opened, so that a process forked before
KCOV_INIT_TRACE shares it. Pages cost memory when they are touched, not before.

A socket's descriptor has more in it: a control page and a second area (probe/csrc/control.h).
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
from pykcov.probe import map_over
from pykcov.refs import Refs

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


class Area(Refs):
    """A memfd, and this process's own mapping of it, made when it is first needed."""

    def __init__(self, name: str = "kcov", control: bool = False) -> None:
        """name: what /proc/PID/maps shows of a mapping. control: it has a control page."""
        self._create(name, control)
        self.init_refs()

    def _create(self, name: str = "kcov", control: bool = False) -> None:
        self.fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.fchmod(self.fd, 0o600)
        self._has_control = control
        self._memory: mmap.mmap | None = None

    @property
    def size(self) -> int:
        """Words in the memfd; 0 before allocate()."""
        return os.fstat(self.fd).st_size // WORD

    def allocate(self, size: int) -> None:
        """Give the area its `size` in words, for ever, all 0. Raises OSError ENOMEM.

        A guest may have written into the memfd, or sealed it, and do so until the seals are on.
        """
        octets = (with_control(size) if self._has_control else size) * WORD
        try:
            os.ftruncate(self.fd, 0)
            os.ftruncate(self.fd, octets)
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, SEALS)
        except OSError as error:
            raise fail(errno.ENOMEM) from error
        if os.fstat(self.fd).st_size != octets:
            raise fail(errno.ENOMEM)

    def memory(self) -> mmap.mmap:
        """Return the mapping of all of it. Raises OSError ENOMEM."""
        if self._memory is None:
            self._memory = map_words(self.fd, self.size)
        return self._memory

    def destroy(self) -> None:
        """Close the memfd; mappings of it live on."""
        self._memory = None
        os.close(self.fd)
        self.fd = -1

    # -- saved state ------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Size and contents; what was never touched is left out. Nobody may record meanwhile."""
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
        return {"size": self.size, "chunks": chunks, "_refs_counter": self._refs_counter}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({"_refs_counter": state["_refs_counter"]})
        self._create()
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
