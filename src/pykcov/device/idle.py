"""Memory that sections have left, for the next ones: new memory costs a page fault a page."""

from __future__ import annotations

import mmap
import threading

from pykcov.abi.kcov import WORD
from pykcov.probe import under

_new_lock = threading.Lock  # not gevent's, which would run other greenlets


class Idle:
    """Buffers of `most` bytes in all. A client may choose another size for each section: what goes
    first is of the size that was given back longest ago."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.clear()

    def clear(self) -> None:
        """Forget them all. In a forked child nobody else is at it, and the lock may be taken."""
        self._lock = _new_lock()  # a leaf: guards what follows
        self._total = 0
        self._by_size: dict[int, list[mmap.mmap]] = {}  # in bytes; last used ones stand last

    @property
    def total(self) -> int:
        """Bytes that are kept."""
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
        """Keep it for who takes as much. Nobody may use it any more."""
        if len(words) <= self.most:
            dropped: list[mmap.mmap | None] = []  # unmapped when the lock has been let go
            under(self._lock, self._keep, words, dropped)

    def _keep(self, words: mmap.mmap, dropped: list[mmap.mmap | None]) -> None:
        """Preconditions: the lock is held."""
        size = len(words)
        same = self._by_size.pop(size, [])
        self._by_size[size] = same
        _, self._total = same.append(words), self._total + size  # type: ignore[func-returns-value]
        while self._total > self.most and self._by_size:
            dropped.append(self._pop(next(iter(self._by_size)), 0))
