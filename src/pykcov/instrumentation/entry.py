"""What the cache keeps of one text: its code with probes, and without, as bytes.

    magic                 8 bytes
    checksum              8 bytes, of all that follows
    header                _HEADER
    slots                 which constant of which code object is which of the file's constants: the
                          probes by block, and then the others; and what it stands for (csrc/fill.c)
    others                marshal: arguments of each Comparison
    rewritten             marshal: the module's code, with a placeholder for each probe and the
                          layout for each Origin
    plain                 zlib, marshal: what it was rewritten from

marshal reads whatever it is given, and may crash on it: the checksum is looked at first. It tells
a file that was cut or damaged; who may write here is the folder's affair (cache.py).

The plain code stays bytes until somebody asks for it: undo(), marshal, a debugger.
"""

from __future__ import annotations

import marshal
import struct
import zlib
from array import array
from types import CodeType
from typing import Any, cast

from pykcov.instrumentation.blocks import nested
from pykcov.probe import (
    Comparison,
    Instead,
    Origin,
    Probe,
    checksum,
    fill,
    origin,
    original,
    replace,
    running,
)
from pykcov.store import CAPACITY

MAGIC = b"pykcov\0\6"
# first block, blocks, stamp (stamps.py), SHA-256 of the source, lengths of the four parts
_HEADER = struct.Struct("<QI64s32s4I")
_STAMP_AT = 12
_START = len(MAGIC) + 8
_LEFT = 0xFFFFFFFF  # in slots: this code was left as it is; likewise in csrc/fill.c
_PLACEHOLDER = b"probe"  # neither a singleton nor immortal: csrc/fill.c

_dumps, _loads = marshal.dumps, marshal.loads  # marshalling.py puts others there


def pack(
    code: CodeType, first: int, probes: list[Probe], digest: bytes, stamp: bytes
) -> bytes | None:
    """Return the bytes of an entry, of rewritten code with `probes`; the text of the code has this
    digest, and its file this stamp. None if marshal can't write it."""
    slots = array("I")
    numbers = {probe.pc: n for n, probe in enumerate(probes)}
    others: list[tuple[Any, ...]] = []
    try:
        rewritten = _dumps(_bare(code, numbers, others, slots))
        plain = zlib.compress(_dumps(original(code)), 1)
        parts = (slots.tobytes(), _dumps(others), rewritten, plain)
    except (AttributeError, ValueError):  # no __getnewargs__; a constant of the program's own
        return None
    header = _HEADER.pack(first, len(probes), stamp, digest, *map(len, parts))
    return _sealed(b"".join((header, *parts)))


def restamped(data: bytes, stamp: bytes) -> bytes:
    """Return the bytes of an entry with another stamp."""
    body = bytearray(data[_START:])
    body[_STAMP_AT : _STAMP_AT + len(stamp)] = stamp
    return _sealed(bytes(body))


def _sealed(body: bytes) -> bytes:
    return b"".join((MAGIC, checksum(body), body))


class Entry:
    """Code of `blocks` blocks from number `first` on; `stamp` and `digest` say of what.

    Raises ValueError for bytes that are no entry.
    """

    def __init__(self, data: memoryview) -> None:
        body = data[_START:]
        if len(body) < _HEADER.size or data[: len(MAGIC)] != MAGIC:
            raise ValueError("no entry")
        if data[len(MAGIC) : _START] != checksum(body):
            raise ValueError("damaged")
        self.first, self.blocks, self.stamp, self.digest, *lengths = _HEADER.unpack_from(body)
        self._parts: list[memoryview] = []
        at = _HEADER.size
        for length in lengths:
            self._parts.append(body[at : at + length])
            at += length
        if at != len(body) or self.blocks > at or self.first > CAPACITY - self.blocks:
            raise ValueError("damaged")
        self._codes: list[CodeType] = []
        self._plain = b""

    def load(self) -> Entry:
        """Take out of the bytes what is needed of them: they go. Raises ValueError."""
        slots, others, rewritten, plain = self._parts
        self._parts = []
        try:
            self._code = _loads(rewritten)
            self._others = _loads(others)
        except (EOFError, TypeError) as error:
            raise ValueError(str(error)) from None
        self._slots, self._plain = bytes(slots), bytes(plain)
        return self

    def code(self, probes: list[Probe], owner: object) -> CodeType:
        """Return the module's code, with `probes` in it. Can be done once. Raises ValueError."""
        constants: list[Any] = probes
        try:
            if self._others:
                others = [Comparison(*args) for args in self._others]
                constants = probes + others
            code = self.__dict__.pop("_code")
            fill(code, constants, self._slots, self.original, owner)
        except (OverflowError, TypeError) as error:
            raise ValueError(str(error)) from None
        return cast(CodeType, code)

    def original(self, number: int) -> CodeType:
        """Return the plain code object of that number, outer ones first. Raises ValueError."""
        codes = self.originals()
        if number >= len(codes):
            raise ValueError("damaged")
        return codes[number]

    def originals(self) -> list[CodeType]:
        """Return all plain code objects, outer ones first. Raises ValueError."""
        if not self._codes:
            try:
                self._codes = list(nested(_loads(zlib.decompress(self._plain))))
            except (AttributeError, EOFError, TypeError, zlib.error) as error:
                raise ValueError(str(error)) from None
            self._plain = b""
        return self._codes


def _bare(
    code: CodeType,
    numbers: dict[int, int],  # by PC
    others: list[tuple[Any, ...]],
    slots: array[int],
) -> CodeType:
    """Return a copy of rewritten code that marshal can write, and note what goes in there."""
    codes = list(nested(code))
    constants = [_emptied(one, numbers, others, slots) for one in codes]
    made: dict[int, CodeType] = {}
    for one, consts in zip(reversed(codes), reversed(constants), strict=True):  # inner ones first
        own = [made[id(c)] if isinstance(c, CodeType) else c for c in consts]
        if (rewritten := origin(one)) is not None:
            own.append(rewritten.layout)
        made[id(one)] = replace(one, co_consts=tuple(own))
    return made[id(code)]


def _emptied(
    code: CodeType,
    numbers: dict[int, int],
    others: list[tuple[str, tuple[Any, ...]]],
    slots: array[int],
) -> list[Any]:
    """Return the constants of one code object, with placeholders for ours."""
    consts = [*running(code).co_consts]
    filled = [(n, c) for n, c in enumerate(consts) if type(c).__module__ == Origin.__module__]
    slots.append(len(filled) if origin(code) else _LEFT)
    for n, constant in filled:
        if constant.pc not in numbers:
            numbers[constant.pc] = len(numbers)
            others.append(constant.__getnewargs__())
        place = constant.constant + 1 if isinstance(constant, Instead) else 0
        slots.extend((n, numbers[constant.pc], place))
        consts[n] = _PLACEHOLDER
    return consts
