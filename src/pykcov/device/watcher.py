"""The watcher of all sections, as their writers see it."""

from __future__ import annotations

import mmap
from collections.abc import Callable

from pykcov import probe

FRAME_LAST, FRAME_DROPPED = 1, 2  # flags of a frame: the section is over; records were dropped


class Watcher:
    """Watches all sections, whatever their handles.

    yields: a function. If it returns true, handles that nobody has registered get no section,
    because KCOV_ENABLE collects code outside of sections.
    """

    def __init__(self, shared: probe.Shared, ring: mmap.mmap, yields: Callable[[], bool]) -> None:
        self._shared, self._ring, self.yields = shared, ring, yields

    def report(
        self, words: mmap.mmap | bytes, handle: int, number: int, flags: int, text: bytes = b""
    ) -> bool:
        """Write what a section has executed as a frame (probe/csrc/ring.c), if there is room.
        Returns whether there was.

        text: the label's, for a section's last frame.
        """
        return self._shared.report(self._ring, words, handle, number, flags, text)
