"""What a handle is registered with: which kcov collects it, and how."""

from __future__ import annotations

import mmap
from typing import Protocol

from pykcov import probe
from pykcov.abi.kcov import KCOV_MODE_REMOTE, SIZE_MIN

_SIZE_MOST = 1 << 24  # words of a section's own memory: a client may write any area_size


class Collecting(Protocol):
    """A kcov, of this process or, through its shared page and area, of another."""

    shared: probe.Shared
    recording_mode: str
    dropped: bool

    def memory(self) -> mmap.mmap:
        """The area, and what a socket's descriptor has behind it."""


class Registration:
    """What one KCOV_REMOTE_ENABLE registered. It holds for as long as that ENABLE does."""

    def __init__(self, kcov: Collecting, area_size: int, comparisons: bool) -> None:
        """area_size: words of a section. comparisons: it is these that are collected."""
        self.kcov = kcov
        self.comparisons = comparisons
        self.sequence = kcov.shared.sequence
        self.size = min(max(area_size, SIZE_MIN), _SIZE_MOST)

    def holds(self) -> bool:
        """Is that ENABLE in force? The page says so, in forked children, too."""
        shared = self.kcov.shared
        return shared.mode == KCOV_MODE_REMOTE and shared.sequence == self.sequence
