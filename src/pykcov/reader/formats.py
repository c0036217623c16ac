"""Formats PCs and blocks as other tools expect them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from pykcov.symbols.blocks import Block

# Formats a block, given the PC that was looked up, and the block.
Form = Callable[[int, Block], str]


def gvisor(pc: int, block: Block) -> str:
    """0xPC, and the range in Go's format."""
    return f"{pc:#x}\n{block}\n"


def addr2line(_: int, block: Block) -> str:
    """file:line, as addr2line prints it."""
    return f"{block.file}:{block.start_line}\n"


def addr2line_functions(_: int, block: Block) -> str:
    """The function, and then file:line: addr2line -f."""
    return f"{block.function}\n{block.file}:{block.start_line}\n"


def raw(pc: int, _: Block) -> str:
    """0xPC."""
    return f"{pc:#x}\n"


FORMS: dict[str, Form] = {"gvisor": gvisor, "addr2line": addr2line, "raw": raw}


def json_lines(blocks: Iterable[tuple[int, Block]]) -> Iterator[str]:
    """One object per distinct PC, in order of first occurrence, with the same keys as syzkaller's
    coverage export. Lines and columns count from 1."""
    known: dict[int, Block] = {}
    hits: Counter[int] = Counter()
    for pc, block in blocks:
        known.setdefault(pc, block)
        hits[pc] += 1
    for pc, block in known.items():
        yield (
            json.dumps(
                {
                    "file_path": block.file,
                    "func_name": block.function,
                    "sl": block.start_line,
                    "sc": block.start_column + 1,
                    "el": block.end_line,
                    "ec": block.end_column + 1,
                    "hit_count": hits[pc],
                    "pc": pc,
                }
            )
            + "\n"
        )
