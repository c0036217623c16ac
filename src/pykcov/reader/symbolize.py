"""Turns PCs into blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pykcov.errors import PykcovError
from pykcov.symbols.blocks import Block
from pykcov.symbols.store import SymbolStore


def symbolize(pcs: Iterable[int], store: SymbolStore) -> list[Block]:
    """Return the block of each PC, in order.

    Raises PykcovError pc-unknown, and as SymbolStore.lookup() does.
    """
    known: dict[int, Block] = {}
    out = []
    for pc in pcs:
        block = known.get(pc)
        if block is None:
            if (block := store.lookup(pc)) is None:
                raise PykcovError(
                    "pc-unknown", f"{pc:#x} is not a PC in the symbol store {store.path}"
                )
            known[pc] = block
        out.append(block)
    return out


def lines(blocks: Iterable[Block]) -> dict[str, set[int]]:
    """Return the lines that the blocks cover, by file."""
    found: dict[str, set[int]] = {}
    for block in set(blocks):
        found.setdefault(block.file, set()).update(block.lines)
    return found


def report(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield two lines per block, as gVisor prints them: the PC, and the range in Go's format."""
    for block in blocks:
        yield f"{block.pc:#x}\n{block}\n"
