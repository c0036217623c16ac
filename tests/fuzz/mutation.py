"""Bytes from other bytes: changed here and there, cut, doubled, joined with others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal

LONGEST = 1 << 20  # bytes of an input
_EDGES = (0, 1, 2, 7, 8, 16, 32, 64, 100, 127, 128, 255, 256, 512, 1024, 4096, 32767, 32768, 65535)
_EDGES += tuple(n for bits in (16, 31, 32, 48, 62, 63, 64) for n in (2**bits - 1, 2**bits))


def number(random: Random) -> int:
    """An unsigned one of 64 bits, often at an edge of what some field can hold."""
    if random.random() < 0.7:
        return random.choice(_EDGES) + random.choice((0, 0, 0, -1, 1)) & 2**64 - 1
    return random.getrandbits(random.choice((4, 8, 16, 32, 64)))


def _part(random: Random, data: bytearray, most: int = 64) -> slice:
    at = random.randrange(len(data) + 1)
    length = random.choice((1, 2, 4, 8, random.randrange(1, most), random.randrange(1, 4096)))
    return slice(at, min(at + length, len(data)))


def _flip(random: Random, data: bytearray, _: bytes) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _byte(random: Random, data: bytearray, _: bytes) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice((0, 255, random.randrange(256)))


def _field(random: Random, data: bytearray, _: bytes) -> None:
    size = random.choice((1, 2, 4, 8))
    if len(data) >= size:
        at = random.randrange(len(data) - size + 1)
        order: Literal["little", "big"] = random.choice(("little", "big"))
        before = int.from_bytes(data[at : at + size], order)
        new = random.choice((number(random), before + random.randint(-9, 9)))
        data[at : at + size] = (new % (1 << 8 * size)).to_bytes(size, order)


def _delete(random: Random, data: bytearray, _: bytes) -> None:
    del data[_part(random, data)]


def _double(random: Random, data: bytearray, _: bytes) -> None:
    part = _part(random, data)
    data[part.start : part.start] = data[part] * random.choice((1, 1, 1, 2, 30))


def _insert(random: Random, data: bytearray, _: bytes) -> None:
    part = _part(random, data)
    data[part.start : part.start] = random.randbytes(random.randrange(1, 16))


def _cut(random: Random, data: bytearray, _: bytes) -> None:
    del data[random.randrange(len(data) + 1) :]


def _zero(random: Random, data: bytearray, _: bytes) -> None:
    part = _part(random, data)
    data[part] = bytes(part.stop - part.start)


def _move(random: Random, data: bytearray, _: bytes) -> None:
    part = _part(random, data)
    taken = data[part]
    del data[part]
    at = random.randrange(len(data) + 1)
    data[at:at] = taken


def _splice(random: Random, data: bytearray, other: bytes) -> None:
    """Go on as another input does, from the same place or from any."""
    at = random.randrange(len(data) + 1)
    begin = at if random.random() < 0.5 else random.randrange(len(other) + 1)
    data[at:] = other[begin:]


def _patch(random: Random, data: bytearray, other: bytes) -> None:
    """Put a part of another input in the same place."""
    part = _part(random, data, 600)
    data[part] = other[part]


_STEPS: tuple[Callable[[Random, bytearray, bytes], None], ...] = (
    _flip, _flip, _byte, _field, _field, _field, _delete, _double, _insert, _cut, _zero, _move,
    _splice, _patch,
)  # fmt: skip


def mutated(random: Random, data: bytes, corpus: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return `data` with a few changes. words: what may stand somewhere in an input."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        if words and random.random() < 0.2:
            at = random.randrange(len(out) + 1)
            word = random.choice(words)
            out[at : at + random.choice((0, len(word)))] = word
        else:
            random.choice(_STEPS)(random, out, random.choice(corpus))
    return bytes(out[:LONGEST])
