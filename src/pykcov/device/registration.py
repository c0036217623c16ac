"""Registrations of handles: which kcov collects a handle, and how."""

from __future__ import annotations

import mmap
from typing import Protocol

from pykcov import probe
from pykcov.abi.kcov import KCOV_MODE_REMOTE, SIZE_MIN

_SIZE_MOST = 1 << 24  # words of a section's own memory: a client may write any area_size


class Collecting(Protocol):
    """A kcov of this process, or, through its shared page and area, of another one."""

    shared: probe.Shared
    recording_mode: str
    dropped: bool

    def memory(self) -> mmap.mmap:
        """The area, and what follows it for a socket descriptor."""


class Registration:
    """The registration made by one KCOV_REMOTE_ENABLE, valid as long as that is in force."""

    def __init__(self, kcov: Collecting, area_size: int, comparisons: bool) -> None:
        """area_size: a section's memory in words. comparisons: collect comparisons, not blocks."""
        self.kcov = kcov
        self.comparisons = comparisons
        self.sequence = kcov.shared.sequence
        self.size = min(max(area_size, SIZE_MIN), _SIZE_MOST)

    def holds(self) -> bool:
        """Is that ENABLE still in force? Works in forked children, too, as the page is shared."""
        shared = self.kcov.shared
        return shared.mode == KCOV_MODE_REMOTE and shared.sequence == self.sequence
