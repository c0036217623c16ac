"""Memory of past sections, kept for new ones: fresh memory costs a page fault per page."""

from __future__ import annotations

import mmap
import threading

from pykcov.abi.kcov import WORD
from pykcov.probe import under

_new_lock = threading.Lock  # not gevent's, which would run other greenlets


class Idle:
    """Buffers of `most` bytes in total. Clients may choose another size for each section; those of
    the size returned longest ago are dropped first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.clear()

    def clear(self) -> None:
        """Forget all buffers, in a forked child: a thread of the parent may hold the lock."""
        self._lock = _new_lock()  # a leaf; guards the fields below
        self._total = 0
        self._by_size: dict[int, list[mmap.mmap]] = {}  # in bytes; most recently used last

    @property
    def total(self) -> int:
        """Number of bytes kept."""
        return self._total

    def take(self, size: int) -> mmap.mmap:
        """Return memory of `size` words with a count of 0. Untouched pages cost nothing."""
        words = under(self._lock, self._pop, size * WORD, -1)
        if words is None:
            return mmap.mmap(-1, size * WORD, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        words[:WORD] = bytes(WORD)
        return words

    def _pop(self, size: int, which: int) -> mmap.mmap | None:
        """Preconditions: the lock is held."""
        same = self._by_size.get(size)
        if not same:  # or an exception has left an empty list
            self._by_size.pop(size, None)
            return None
        words, self._total = same.pop(which), self._total - size  # no exception comes in between
        if not same:
            del self._by_size[size]
        return words

    def give_back(self, words: mmap.mmap) -> None:
        """Keep a buffer for the next section of the same size. Nobody may use it any more."""
        if len(words) <= self.most:
            dropped: list[mmap.mmap | None] = []  # unmapped after the lock is released
            under(self._lock, self._keep, words, dropped)

    def _keep(self, words: mmap.mmap, dropped: list[mmap.mmap | None]) -> None:
        """Preconditions: the lock is held."""
        size = len(words)
        same = self._by_size.pop(size, [])
        self._by_size[size] = same
        _, self._total = same.append(words), self._total + size  # type: ignore[func-returns-value]
        while self._total > self.most and self._by_size:
            dropped.append(self._pop(next(iter(self._by_size)), 0))
