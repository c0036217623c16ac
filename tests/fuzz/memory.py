"""Memory that processes share, as it is read: the ring of frames, a descriptor's areas and control
page, and what members say of their files. Nothing that stands there is believed."""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.fuzz.mutation import mutated, number
from tests.fuzz.target import Target, require

from pykcov.device import labels
from pykcov.device.area import with_control
from pykcov.reader.remote_area import RemoteArea
from pykcov.service import ring
from pykcov.service.extent import Extent
from pykcov.service.handle_table import Table

_SIZE = 512  # words of an area
_FRAMES = 4  # word where they begin


def _frame(handle: int, section: int, flags: int, pcs: Sequence[int], text: bytes) -> bytes:
    """A frame, as docs/protocol.md draws it."""
    words = -(-len(text) // 8)
    length = 4 + len(pcs) + words
    head = (length | len(text) << 32, handle, section, len(pcs) << 8 | flags)
    return struct.pack(f"<{4 + len(pcs)}Q", *head, *pcs) + text.ljust(8 * words, b"\0")


def _ring(frames: Sequence[bytes], at: int = 0) -> bytes:
    """A ring's first words, its frames beginning with word `at` of them."""
    head = at + sum(map(len, frames)) // 8
    return struct.pack("<4Q", head, at, 0, 0) + bytes(8 * at) + b"".join(frames)


class Fuzzed(Target):
    """Input: a byte, which memory; then its beginning. Behind it are zeros."""

    name = "memory"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._ring = os.memfd_create("ring")
        os.ftruncate(self._ring, ring.SIZE * 8)
        self._words = mmap.mmap(self._ring, ring.SIZE * 8)
        self._reader = ring.Reader(self._ring)
        self._area = mmap.mmap(-1, with_control(_SIZE) * 8)
        self._table = Table.make()
        self._extent = Extent(self._table)
        text = json.dumps({"handle": "7", "method": "GET", "status": 200, "seconds": 0.5}).encode()
        pcs = [0xFFFFFFFF80000008 + 8 * n for n in range(20)]
        frames = [_frame(n, 7 << 32 | n, n % 4, pcs[:n], text if n % 2 else b"") for n in range(9)]
        self.seeds = [b"\0" + _ring(frames), b"\0" + _ring(frames[3:], 5), b"\0" + _ring([])]
        areas = struct.pack("<21Q", 20, *pcs).ljust(8 * _SIZE, b"\0")
        areas += struct.pack("<12Q", 1, 1, 1, 1, 5, 4, 3, 2, 1, 0, 0, 9).ljust(4096, b"\0")
        areas += struct.pack("<5Q", 1, 2, 3, 4, pcs[0])
        self.seeds += [b"\1" + areas, b"\2" + areas]
        self.seeds.append(b"\3" + struct.pack("<6Q", 0, 7, 100, 50, 7, 1))
        assert self._told(self.seeds[0][1:])

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        if random.random() < 0.5:
            return mutated(random, random.choice(corpus), corpus, ())
        data = bytearray(random.choice(corpus))  # words, where it is they that are read
        for _ in range(random.choice((1, 1, 2, 5))):
            at = random.choice((0, random.randrange(40), random.randrange(max(len(data) // 8, 1))))
            if len(data) >= 9 + 8 * at:
                data[1 + 8 * at : 9 + 8 * at] = number(random).to_bytes(8, "little")
        return bytes(data)

    def check(self, data: bytes) -> str:
        which, words = data[0] % 4 if data else 0, data[1:]
        if which == 0:
            return self._frames(words)
        if which == 3:
            return self._files(words)
        return self._kept(words[: len(self._area)], comparisons=which == 2)

    def _told(self, words: bytes) -> list[ring.Frame]:
        words = words[: len(self._words)]
        self._words[: len(words)] = words
        try:
            return list(self._reader.frames())
        finally:
            self._words[: len(words)] = bytes(len(words))

    def _frames(self, words: bytes) -> str:
        found = self._told(words)
        room = ring.SIZE - _FRAMES
        require(sum(4 + len(frame.pcs) for frame in found) <= room, "more than the ring holds")
        for frame in found:
            require(frame.records < 1 << 56 and frame.section < 1 << 64, f"{frame}")
            labels.decode(frame.text)
        # What is whole, and comes before what is not, is told as it stands there.
        padded = words.ljust(32, b"\0")
        head, at, _, _ = struct.unpack_from("<4Q", padded)
        for frame in found:
            start = 32 + 8 * (at % room)
            if start + 32 > len(words):
                break
            length, handle, section, records = struct.unpack_from("<4Q", words, start)
            require((frame.handle, frame.section) == (handle, section), f"{frame} at {at}")
            require(frame.records == records >> 8, f"{frame} at {at}")
            at += length & 0xFFFFFFFF
        return f"{min(len(found), 2)} frames of {'more' if head > at else 'them'}"

    def _kept(self, words: bytes, comparisons: bool) -> str:
        self._area[:] = words.ljust(len(self._area), b"\0")
        generation = int.from_bytes(self._area[8 * _SIZE : 8 * _SIZE + 8], "little")
        kept = RemoteArea(self._area, _SIZE, comparisons)
        there = len(kept.pcs(after=True)), len(kept.compared(after=True))
        require(max(there) < 2 * _SIZE, f"{there} records")
        require(all(n >= 0 for n in kept.sections()), f"{kept.sections()}")
        kept.begin()
        require(not kept.pcs(after=False), "records of a generation that has just begun")
        now = int.from_bytes(self._area[8 * _SIZE : 8 * _SIZE + 8], "little")
        require(now == (generation + 1) % 2**64, f"generation {now} after {generation}")
        return f"kept {max(there) > 0}"

    def _files(self, data: bytes) -> str:
        file = self._table.fds[1]
        size = max(os.fstat(file).st_size, len(data))
        whole = data.ljust(size, b"\0")
        os.pwrite(file, whole, 0)
        pairs = dict(struct.iter_unpack("<QQ", whole[: size - size % 16]))
        found = self._extent.of_others()
        require(found == sum(pairs.values()), f"{found} blocks of {pairs}")
        return "files"

    def close(self) -> None:
        self._extent.close()
        self._table.close()
        self._reader.close()
        os.close(self._ring)
