"""Entries of the cache behind a right checksum: what is no entry is none, and nothing crashes.

marshal itself may crash on what it is given, and is not for data of others; the folder and the
checksum see to it that it gets none. So here it reads what it has written: values are changed
before they are written, and bytes in what pykcov reads by itself.
"""

from __future__ import annotations

import gc
import marshal
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import CodeType
from typing import Any

from tests.fuzz.mutation import mutated, number
from tests.fuzz.target import Target, require

from pykcov.instrumentation import unit
from pykcov.instrumentation.cache.cache import Cache
from pykcov.instrumentation.cache.entry import MAGIC, Entry
from pykcov.instrumentation.options import EXACT, Options
from pykcov.instrumentation.pipeline import Texts
from pykcov.instrumentation.unit import Text
from pykcov.symbols.store import SymbolStore

_PATH, _STAMP = "/there/is/none.py", b"s" * 64
_TEXT = b"""
def f(a, b=(1, 2.5)):
    for x in range(a):
        if x < 3 and b is not None:
            yield [y for y in b if y == "text" or y.startswith("t")]
class C:
    def g(self): return lambda: {self: 1, 2: b"3"} if self else None
"""
_PARTS = 4
_HEADER = struct.Struct("<QI64s32s4I")
_BEFORE = len(MAGIC) + 4  # a CRC-32


def _split(data: bytes) -> tuple[list[Any], list[bytes]]:
    """Return the fields of an entry's header, but for the lengths, and its parts."""
    *fields, _, _, _, _ = header = _HEADER.unpack_from(data, _BEFORE)
    at, parts = _BEFORE + _HEADER.size, []
    for length in header[-_PARTS:]:
        parts.append(data[at : at + length])
        at += length
    return fields, parts


def _joined(fields: list[Any], parts: list[bytes]) -> bytes:
    return b"".join((bytes(_BEFORE), _HEADER.pack(*fields, *map(len, parts)), *parts))


def _changed(random: Random, value: Any) -> Any:
    """A value that marshal can write, changed somewhere within."""
    if isinstance(value, tuple | list) and value and random.random() < 0.8:
        items = list(value)
        n = random.randrange(len(items))
        step = random.randrange(6)
        if step == 0:
            del items[n]
        elif step == 1:
            items.insert(n, random.choice(items))
        elif step == 2:
            random.shuffle(items)
        else:
            items[n] = _changed(random, items[n])
        return type(value)(items)
    if isinstance(value, CodeType) and random.random() < 0.9:
        consts = _changed(random, value.co_consts)
        return value.replace(co_consts=consts if isinstance(consts, tuple) else (consts,))
    made: tuple[Any, ...] = (
        None, True, 0, -1, number(random), -number(random), 1.5, 2j, "", "text", "Probe", b"",
        b"probe", (), (1, 2), [], {}, {1: 2}, frozenset((1,)), ..., value, [value], (value, value),
    )  # fmt: skip
    return random.choice(made)


class Fuzzed(Target):
    """Input: an entry, in the place of whose magic and checksum there may be anything."""

    name = "entry"
    memory = 2 << 30

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        store = SymbolStore(folder / "store")
        cache = Cache.of(store)
        require(not cache.trouble, cache.trouble)
        self._plain = compile(_TEXT, _PATH, "exec", dont_inherit=True)
        self._texts: list[Texts] = []
        for options in (EXACT, Options(comparisons=True), Options(prune=True)):
            texts = Texts(store, options, cache)
            text = Text(_PATH, _PATH, _TEXT, 0, _STAMP)
            self._texts.append(texts)
            assert texts._cold(text, lambda: self._plain) is not None
            self.seeds.append(Path(texts._file_of(text)).read_bytes())
        self._text = text
        for seed in self.seeds:
            require(self.check(seed) == "taken taken", "a good entry is refused")

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        data = random.choice(corpus)
        try:
            fields, parts = _split(data)
            values = [marshal.loads(part) for part in parts[1:3]]
            plain = marshal.loads(zlib.decompress(parts[3]))
        except (ValueError, struct.error, zlib.error, EOFError, TypeError):
            fields, parts = _split(self.seeds[0])
            values = [marshal.loads(part) for part in parts[1:3]]
            plain = self._plain
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            step = random.randrange(7)
            if step == 0:
                fields[0] = number(random)
            elif step == 1:
                fields[1] = number(random) % 2**32
            elif step in (2, 3):
                parts[0] = mutated(random, parts[0], [parts[0]], ())
            elif step in (4, 5):
                values[step - 4] = _changed(random, values[step - 4])
                parts[step - 3] = marshal.dumps(values[step - 4])
            elif random.random() < 0.5:
                parts[3] = zlib.compress(marshal.dumps(_changed(random, plain)))
            else:
                parts[3] = mutated(random, parts[3], [parts[3]], ())
        made = bytearray(_joined(fields, parts))
        if random.random() < 0.3:
            at = _BEFORE + random.randrange(_HEADER.size)
            made[at : at + 4] = (number(random) % 2**32).to_bytes(4, "little")
        return bytes(made[: random.choice((len(made),) * 5 + (random.randrange(len(made)),))])

    def check(self, data: bytes) -> str:
        whole = MAGIC + zlib.crc32(data[_BEFORE:]).to_bytes(4, "little") + data[_BEFORE:]
        outcomes = set()
        for texts in self._texts:
            unit._probes.clear()  # what earlier inputs have made
            file = Path(texts._file_of(self._text))
            file.write_bytes(whole)
            found = texts._warm(self._text), texts._cached(_PATH, _STAMP)
            new = None if found[0] is None else found[0](self._plain)
            require(new is None or new.co_name == self._plain.co_name, f"it became {new}")
            outcomes.add(" ".join("refused" if one is None else "taken" for one in found))
        return max(outcomes)

    def close(self) -> None:
        """Nothing is left of what was read."""
        gc.collect()
        left = [one for one in gc.get_objects() if isinstance(one, Entry)]
        require(not left, f"{len(left)} entries are left")
