"""The ring of frames that describe all sections: creating and reading it.

    word  0      1      2      3        4 ...
          head   tail   lost   (free)   frames, round and round

probe/csrc/ring.c writes it, and describes the format.
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
        """Close both. Processes that have mapped them may go on writing; nobody reads it."""
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
    """Reads each frame in the ring of the memfd `fd` once. Raises OSError: EPROTO if invalid."""

    def __init__(self, fd: int) -> None:
        if os.fstat(fd).st_size < SIZE * WORD:  # reading past its end would raise SIGBUS
            raise fail(errno.EPROTO)
        self._memory = map_words(fd, SIZE)
        self._words = memoryview(self._memory).cast("Q")
        self._damaged = 0

    @property
    def lost(self) -> int:
        """Number of frames that found no room, because others were not read in time. An invalid
        frame counts as one, together with everything after it."""
        return self._words[_LOST] + self._damaged

    def frames(self) -> Iterator[Frame]:
        """Yield the frames that are there. Values are checked: a writer may store anything."""
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
        """Unmap it."""
        self._words.release()
        self._memory.close()
