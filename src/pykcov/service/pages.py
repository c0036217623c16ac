"""The pages that writers share, one per descriptor (probe/csrc/shared.h), all in one memfd.

Members get the memfd, clients never do. It is sealed, so that no process that maps it can fault.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections import deque
from typing import NamedTuple

from pykcov.device.area import SEALS
from pykcov.errors import fail
from pykcov.probe import SHARED_BYTES, OwnFile, Shared


class Page(NamedTuple):
    """One page, and where it is in the memfd."""

    shared: Shared
    offset: int


class Pages:
    """A memfd of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._file = OwnFile.memfd("pykcov-pages")
        os.ftruncate(self.fd, most * SHARED_BYTES)  # untouched pages cost nothing
        fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, SEALS)
        self._made = 0
        self._free: deque[Page] = deque()

    @property
    def fd(self) -> int:
        """The memfd's number. Raises OSError EBADF when it has been closed."""
        return self._file.fileno()

    def take(self) -> Page:
        """Return a page for a new descriptor. Raises OSError ENOMEM."""
        if self._free:
            page = self._free.popleft()
            with page.shared:
                page.shared.recycle()
            return page
        if self._made == self._most:
            raise fail(errno.ENOMEM)
        offset = self._made * SHARED_BYTES
        page = Page(Shared(self.fd, False, offset), offset)
        self._made += 1
        return page

    def give_back(self, page: Page) -> None:
        """Free the page of a closed descriptor. Members may still have it mapped."""
        self._free.append(page)

    def close(self) -> None:
        """Close the memfd; processes that have pages of it mapped keep them."""
        self._file.close()
