"""The table of handles: which descriptor collects a handle, in memory that processes share.

    word  0         1        2         3        4         5
          version   pairs    handle    value    handle    value    ...

Its one writer is the process whose device it is. A member keeps the table as a dictionary, and
reads it anew when the version has changed, so a lookup is one comparison and one look into a
dictionary. While the writer writes, the version is odd: a reader takes what it read for whole only
when the version was even, and the same, before and after.
"""

from __future__ import annotations

import mmap
import os
import time
from array import array

MOST = 1 << 14  # handles
_SIZE = (2 + 2 * MOST) * 8
_PATIENCE = 1.0  # seconds to wait for a writer, which may have been killed in the middle


class Table:
    """In the memory of the memfd `fd`."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        if os.fstat(fd).st_size < _SIZE:
            os.ftruncate(fd, _SIZE)
        self._words = memoryview(mmap.mmap(fd, _SIZE)).cast("Q")
        self._version = -1
        self._pairs: dict[int, int] = {}

    @staticmethod
    def make() -> Table:
        """Return a new, empty one."""
        return Table(os.memfd_create("pykcov-table", os.MFD_CLOEXEC))

    def get(self, handle: int) -> int | None:
        """Return the value of a handle."""
        if self._words[0] != self._version:
            self._read()
        return self._pairs.get(handle)

    def _read(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            version = self._words[0]
            pairs = self._words[2 : 2 + 2 * min(self._words[1], MOST)].tolist()
            if version % 2 == 0 and self._words[0] == version:
                self._pairs = dict(zip(pairs[::2], pairs[1::2], strict=True))
                self._version = version
                return

    def write(self, pairs: dict[int, int]) -> None:
        """Replace all pairs: MOST at most."""
        flat = array("Q", [word for pair in pairs.items() for word in pair])
        self._words[0] += 1
        self._words[1] = len(pairs)
        self._words[2 : 2 + len(flat)] = memoryview(flat)
        self._words[0] += 1

    def close(self) -> None:
        """Close the memfd; processes that have it map it on."""
        os.close(self.fd)
