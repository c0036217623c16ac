"""A kcov descriptor that is kept, as a fuzzer keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pykcov
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_TRACE_PC,
    KCOV_UNIQUE_ENABLE,
    WORD,
)


class KeptArea:
    """An area of `size` words, mapped once. words: its words; words[0] is the count. bitmap: how
    many words of it are one, for unique mode; then the count stands behind it."""

    def __init__(self, size: int, recording_mode: str = "trace", bitmap: int = 0) -> None:
        self.bitmap = bitmap
        self.descriptor = pykcov.open(recording_mode)
        self.size = -(-size // 512) * 512
        self.descriptor.ioctl(KCOV_INIT_TRACE, self.size)
        self.words = memoryview(self.descriptor.mmap(self.size * WORD)).cast("Q")

    def fault_in(self) -> None:
        """Touch each page once: only the first record on a page would have to wait for it."""
        self.words[:] = self.words

    @contextmanager
    def enabled(self) -> Iterator[None]:
        """Record this thread, from a count of 0 on, and see that nothing was dropped: a record that
        is not written costs less."""
        self.words[self.bitmap] = 0
        if self.bitmap:
            self.descriptor.ioctl(KCOV_UNIQUE_ENABLE, self.bitmap)
        else:
            self.descriptor.ioctl(KCOV_ENABLE, KCOV_TRACE_PC)
        yield
        self.descriptor.ioctl(KCOV_DISABLE)
        if self.descriptor.dropped:
            raise RuntimeError(f"{self.size} words were too few")
