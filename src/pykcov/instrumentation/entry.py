"""What the cache keeps of one text: its code with probes, and without, as bytes.

    magic                 8 bytes
    hash                  8 bytes, of all that follows
    header                _HEADER
    slots                 which constant of which code object is which of the file's constants: the
                          probes by block, and then the others
    others                marshal: type and arguments of each constant that is no probe
    rewritten             marshal: the module's code, with a placeholder for each probe and Origin
    plain                 marshal: what it was rewritten from

marshal reads whatever it is given, and may crash on it: the hash is looked at first. It tells a
file that was cut or damaged; who may write here is the folder's affair (cache.py).

The plain code stays bytes until somebody asks for it: undo(), marshal, a debugger.
"""

from __future__ import annotations

import marshal
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import source_hash
from types import CodeType
from typing import Any

from pykcov import probe
from pykcov.instrumentation.blocks import nested
from pykcov.probe import Origin, Probe, fill

MAGIC = b"pykcov\0\1"
# first block, blocks, stamp (stamps.py), SHA-256 of the source, lengths of the parts
_HEADER = struct.Struct("<QI40s32s4I")
_START = len(MAGIC) + 8
_PLACEHOLDER = b"probe"  # neither a singleton nor immortal: csrc/fill.c

_dumps, _loads = marshal.dumps, marshal.loads  # marshalling.py puts others there


@dataclass
class Entry:
    """`blocks` blocks from number `first` on; `stamp` and `digest` say of what."""

    first: int
    blocks: int
    stamp: bytes
    digest: bytes
    slots: bytes | memoryview
    others: bytes | memoryview
    rewritten: bytes | memoryview
    plain: bytes
    _codes: list[CodeType] = field(default_factory=list, repr=False)

    @staticmethod
    def of(
        code: CodeType, first: int, probes: list[Probe], digest: bytes, stamp: bytes
    ) -> Entry | None:
        """Return an entry of rewritten code with `probes`; None if marshal can't write it."""
        slots = array("I")
        numbers = {id(item): n for n, item in enumerate(probes)}
        others: list[tuple[str, tuple[Any, ...]]] = []
        try:
            bare = _dumps(_bare(code, numbers, others, slots))
            plain = _dumps(code.co_consts[-1].code)
            rest = _dumps(others)
        except (AttributeError, ValueError):  # no __getnewargs__; a constant of the program's own
            return None
        return Entry(first, len(probes), stamp, digest, slots.tobytes(), rest, bare, plain)

    def pack(self) -> bytes:
        """Return the bytes of the file."""
        parts = (self.slots, self.others, self.rewritten, self.plain)
        header = _HEADER.pack(self.first, self.blocks, self.stamp, self.digest, *map(len, parts))
        body = b"".join((header, *parts))
        return b"".join((MAGIC, source_hash(body), body))

    @staticmethod
    def unpack(data: bytes) -> Entry | None:
        """Return the entry of a file's bytes, None if they are none."""
        if len(data) < _START + _HEADER.size or not data.startswith(MAGIC):
            return None
        body = memoryview(data)[_START:]
        if data[len(MAGIC) : _START] != source_hash(body):
            return None
        first, blocks, stamp, digest, *lengths = _HEADER.unpack_from(body)
        parts, at = [], _HEADER.size
        for length in lengths:
            parts.append(body[at : at + length])
            at += length
        if at != len(body):
            return None
        slots, others, rewritten, plain = parts
        return Entry(first, blocks, stamp, digest, slots, others, rewritten, bytes(plain))

    def code(self, probes: list[Probe], owner: object) -> CodeType:
        """Return the module's code, made anew, with `probes` in it. Raises ValueError."""
        try:
            constants: list[Any] = probes
            if others := _loads(self.others):
                constants = [*probes, *(getattr(probe, name)(*args) for name, args in others)]
            code = _loads(self.rewritten)
            fill(code, constants, self.slots, self.original, owner)
        except (AttributeError, EOFError, TypeError) as error:
            raise ValueError(str(error)) from None
        return code  # type: ignore[no-any-return]

    def original(self, number: int) -> CodeType:
        """Return the plain code object of that number, outer ones first."""
        if not self._codes:
            self._codes = list(nested(_loads(self.plain)))
        return self._codes[number]

    def originals(self) -> Iterator[CodeType]:
        """Yield all plain code objects, outer ones first."""
        self.original(0)
        yield from self._codes


def _bare(
    code: CodeType,
    numbers: dict[int, int],
    others: list[tuple[str, tuple[Any, ...]]],
    slots: array[int],
) -> CodeType:
    """Return a copy of rewritten code that marshal can write, and note what goes in there."""
    *consts, origin = code.co_consts
    if not isinstance(origin, Origin):
        raise ValueError(f"{code.co_qualname} was not rewritten")
    filled = [(n, c) for n, c in enumerate(consts) if type(c).__module__ == Origin.__module__]
    slots.append(len(filled))
    for n, constant in filled:
        if id(constant) not in numbers:
            numbers[id(constant)] = len(numbers)
            others.append((type(constant).__name__, constant.__getnewargs__()))
        slots.extend((n, numbers[id(constant)]))
        consts[n] = _PLACEHOLDER
    for n, constant in enumerate(consts):
        if isinstance(constant, CodeType):
            consts[n] = _bare(constant, numbers, others, slots)
    return code.replace(co_consts=(*consts, _PLACEHOLDER))
