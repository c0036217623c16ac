"""Memory that sections have left, for the next ones: new memory costs a page fault a page."""

from __future__ import annotations

import mmap
import threading

from pykcov.abi.kcov import WORD

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
        with self._lock:
            words = self._pop(size * WORD, -1)
        if words is None:
            return mmap.mmap(-1, size * WORD, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        words[:WORD] = bytes(WORD)
        return words

    def _pop(self, size: int, which: int) -> mmap.mmap | None:
        """Preconditions: the lock is held."""
        same = self._by_size.get(size)
        if same is None:
            return None
        words = same.pop(which)
        self._total -= size
        if not same:
            del self._by_size[size]
        return words

    def give_back(self, words: mmap.mmap) -> None:
        """Keep it for who takes as much. Nobody may use it any more."""
        size = len(words)
        if size > self.most:
            return
        dropped = []  # unmapped when the lock has been let go
        with self._lock:
            same = self._by_size.pop(size, [])
            self._by_size[size] = same
            same.append(words)
            self._total += size
            while self._total > self.most:
                dropped.append(self._pop(next(iter(self._by_size)), 0))
