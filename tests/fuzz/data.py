"""Data files: a damaged one is refused, or tells what was written into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.fuzz import databases
from tests.fuzz.target import Target, refused, require

from pykcov.errors import PykcovError
from pykcov.measure.datafile import DataFile, Measured
from pykcov.symbols.blocks import FileSymbols

Told = list[tuple[FileSymbols, dict[str, dict[int, int]]]]

_MORE = {"": {0: 5, 4: 1}, "added": {7: 2}}


def _told(measured: Sequence[Measured]) -> Told:
    """All that there is to tell, by text: a damaged index lets one in twice, and all is there."""
    found: dict[FileSymbols, dict[str, dict[int, int]]] = {}
    for one in measured:
        mine = found.setdefault(one.symbols, {})
        for name, hits in one.hits.items():
            for block, count in hits.items():
                counts = mine.setdefault(name, {})
                counts[block] = counts.get(block, 0) + count
    return sorted(found.items(), key=lambda one: one[0].path)


class Fuzzed(Target):
    """Input: a byte, whether something is added before it is read; then the file."""

    name = "data"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._path = folder / "data"
        self._file = DataFile(self._path)
        self._more = Measured(databases.symbols("/b.py", 9), _MORE)
        self._right: list[list[Told]] = [[], []]
        for hits in (
            {"": {0: 1, 3: 7}},
            {"": {2: 1 << 40}, "test_a": {n: n + 1 for n in range(60)}},
        ):
            self._path.unlink(missing_ok=True)
            self._file.write(
                [
                    Measured(databases.symbols("/a.py", 64, implied=True), hits),
                    Measured(databases.symbols("/b.py", 9), {"test_a": {1: 1}}),
                ]
            )
            seed = databases.shrink(self._path)
            for adds in (0, 1):
                self.seeds.append(bytes([adds]) + seed)
                databases.write(self._path, seed)
                if adds:
                    self._file.write([self._more])
                self._right[adds].append(_told(self._file.read()))
        # A file that nothing was written into.
        self._path.unlink()
        self._file.write(())
        self.seeds.append(b"\0" + databases.shrink(self._path))
        self._right[0].append([])
        self._right[1].append(_told([self._more]))

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        files = [data[1:] for data in corpus]
        made = databases.made(random, files, self._path)
        return bytes([random.random() < 0.4]) + made

    def check(self, data: bytes) -> str:
        databases.write(self._path, data[1:])
        adds = bool(data and data[0] & 1)
        try:
            if adds:
                self._file.write([self._more])
            told = _told(self._file.read())
        except PykcovError as error:
            return refused(error)
        require(told in self._right[adds], f"it tells what nobody wrote: {str(told)[:600]}")
        return f"read {adds} {self._right[adds].index(told)}"
