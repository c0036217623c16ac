"""Who watches all sections, as their writers see it."""

from __future__ import annotations

import mmap
from collections.abc import Callable

from pykcov import probe

FRAME_LAST, FRAME_DROPPED = 1, 2  # flags of a frame: the section is over; records were dropped


class Watcher:
    """Who watches all sections, whatever their handles.

    yields(): is there no section for a handle that nobody has registered, because KCOV_ENABLE
    collects what is in none?
    """

    def __init__(self, shared: probe.Shared, ring: mmap.mmap, yields: Callable[[], bool]) -> None:
        self._shared, self._ring, self.yields = shared, ring, yields

    def report(
        self, words: mmap.mmap | bytes, handle: int, number: int, flags: int, text: bytes = b""
    ) -> bool:
        """Tell what a section has executed: a frame (probe/csrc/ring.c). Was there room?

        text: a label's, behind a section's last frame.
        """
        return self._shared.report(self._ring, words, handle, number, flags, text)
