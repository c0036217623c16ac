"""The symbol store: a PC is explained as it was given out, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.fuzz import databases
from tests.fuzz.target import Target, refused, require

from pykcov.errors import PykcovError
from pykcov.symbols.blocks import Block, FileSymbols, pc_of
from pykcov.symbols.store import SymbolStore


class Fuzzed(Target):
    """Input: a byte, which of the calls is made first; then the file."""

    name = "store"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._path = folder / "store"
        self._known: list[tuple[FileSymbols, dict[int, Block]]] = []
        store = SymbolStore(self._path)
        self._new = databases.symbols("/new.py", 5)
        blocks: dict[int, Block] = {}
        for path, count in (("/a.py", 64), ("/b.py", 0), ("/c.py", 9), ("/d.py", 1)):
            one = databases.symbols(path, count)
            first = store.register(one)
            own = {pc_of(n): one.block(first, n) for n in range(first, first + count)}
            blocks |= own
            self._known.append((one, own))
        self._blocks = blocks
        self._last = max(blocks)
        whole = databases.shrink(self._path)
        self.seeds = [bytes([n]) + whole for n in range(4)]

    def make(self, random: Random, corpus: Sequence[bytes]) -> bytes:
        made = databases.made(random, [data[1:] for data in corpus], self._path)
        return bytes([random.randrange(4)]) + made

    def check(self, data: bytes) -> str:
        databases.write(self._path, data[1:])
        store = SymbolStore(self._path)
        first = data[0] % 4 if data else 0
        try:
            if first == 0:
                return self._look_up(store)
            if first == 1:
                return self._list(store)
            return self._register(store, again=first == 2)
        except PykcovError as error:
            return refused(error)

    def _look_up(self, store: SymbolStore) -> str:
        missing = 0
        for pc, block in self._blocks.items():
            found = store.lookup(pc)
            require(found in (None, block), f"{pc:#x} is {found}, and was {block}")
            missing += found is None
            one = SymbolStore(self._path).file_of(pc) if missing < 9 else None
            require(one is None or one[1].path == block.file, f"{pc:#x} is of {one}")
        beyond = store.lookup(self._last + 8)
        require(beyond is None, f"{beyond} was never given out")
        return f"looked up, {'some' if missing else 'none'} missing"

    def _list(self, store: SymbolStore) -> str:
        for block in store.blocks():
            require(self._blocks.get(block.pc) == block, f"{block} was never given out")
        return "listed"

    def _register(self, store: SymbolStore, again: bool) -> str:
        """What is registered now has its blocks; what was before has those that it had."""
        symbols, had = self._known[0] if again else (self._new, {})
        given = store.registered(symbols)
        fresh = SymbolStore(self._path)
        for number in range(given.first, given.first + len(symbols.spans)):
            found = fresh.lookup(pc_of(number))
            require(found == symbols.block(given.first, number), f"{found} instead of {symbols}")
        same = not had or min(had) == pc_of(given.first)
        return f"registered {'again' if again else 'one'} {'as it was' if same else 'elsewhere'}"
