"""The ring of frames that tells of all sections: its making, and its reading.

    word  0      1      2      3        4 ...
          head   tail   lost   (free)   frames, round and round

probe/csrc/ring.c writes it, and says more.
"""

from __future__ import annotations

import errno
import os
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pykcov.abi.kcov import WORD
from pykcov.device.area import Area, map_words
from pykcov.device.watcher import FRAME_DROPPED, FRAME_LAST, Watcher
from pykcov.errors import fail
from pykcov.service.pages import Pages

SIZE = 1 << 20  # words
_TAIL, _LOST, _FRAMES, _FRAME_HEAD = 1, 2, 4, 4
_ROOM = SIZE - _FRAMES


class Ring:
    """A new one. watcher: this process's writer. yields: as Watcher's."""

    def __init__(self, name: str, yields: Callable[[], bool]) -> None:
        self._pages = Pages(1)  # its own: a late writer counts on in the page of the ring it knows
        self._area = Area(name)
        try:
            self._area.allocate(SIZE)
            shared, _ = self._pages.take()
            self.watcher = Watcher(shared, self._area.memory(), yields)
        except BaseException:
            self.close()
            raise

    @property
    def fds(self) -> list[int]:
        """The memfds of the ring and of the page that writers share, which is its first."""
        return [self._area.fd, self._pages.fd]

    def close(self) -> None:
        """Close both. Processes that have them mapped write on, for nobody."""
        self._area.close()
        self._pages.close()


class Frame(NamedTuple):
    """What one part of a section executed. records: how many there were; of very many, `pcs` are
    the first. text: what the section's last frame says of it (device/labels.py)."""

    handle: int
    section: int
    records: int
    is_last: bool
    dropped: bool
    pcs: array[int]
    text: bytes


class Reader:
    """Reads the ring of the memfd `fd`, once. Raises OSError: EPROTO for what is none."""

    def __init__(self, fd: int) -> None:
        if os.fstat(fd).st_size < SIZE * WORD:  # to read behind its end is SIGBUS
            raise fail(errno.EPROTO)
        self._memory = map_words(fd, SIZE)
        self._words = memoryview(self._memory).cast("Q")
        self._damaged = 0

    @property
    def lost(self) -> int:
        """Frames that found no room, because they were not read in time; and those that are none,
        with all behind them, count as one."""
        return self._words[_LOST] + self._damaged

    def frames(self) -> Iterator[Frame]:
        """Take the frames that are there. What a writer may have stored is not believed."""
        while (tail := self._words[_TAIL]) < (head := self._words[0]):
            there = min(head - tail, _ROOM)
            length, handle, section, records = self._slice(tail, _FRAME_HEAD)
            size, length = length >> 32, length & 0xFFFFFFFF
            behind = tail + length - -(-size // WORD)
            if length > there or behind < tail + _FRAME_HEAD:
                self._words[_TAIL] = head
                self._damaged += 1
                return
            pcs = self._slice(tail + _FRAME_HEAD, behind - tail - _FRAME_HEAD)
            text = self._slice(behind, tail + length - behind).tobytes()[:size]
            self._words[_TAIL] = tail + length
            last, dropped = bool(records & FRAME_LAST), bool(records & FRAME_DROPPED)
            yield Frame(handle, section, records >> 8, last, dropped, pcs, text)

    def _slice(self, at: int, count: int) -> array[int]:
        start = at % _ROOM
        first = min(count, _ROOM - start)
        found = array("Q", self._words[_FRAMES + start : _FRAMES + start + first])
        found.extend(self._words[_FRAMES : _FRAMES + count - first])
        return found

    def close(self) -> None:
        """Let go of it."""
        self._words.release()
        self._memory.close()
