"""A program with probes, and which of its blocks a call enters."""

from __future__ import annotations

import textwrap
from typing import Any

from tests.unit.cores import Recording, attached
from tests.unit.rewritten import rewrite_text

from pykcov.instrumentation.options import EXACT, Options
from pykcov.symbols.store import SymbolStore


class Program:
    """A text with probes, and a way to see which blocks a call enters."""

    def __init__(self, store: SymbolStore, text: str, options: Options = EXACT) -> None:
        self.store, self.text = store, textwrap.dedent(text)
        self.plain, self.code = rewrite_text(text, store, options)
        self.names: dict[str, Any] = {"__name__": "program"}
        exec(self.code, self.names)

    def lines(self, function: str) -> list[tuple[int, ...]]:
        """The lines of each block of a function, in the order of the text."""
        return sorted(block.lines for block in self.store.blocks() if block.function == function)

    def texts(self, function: str) -> list[str]:
        """What each block of a function looks like, in the order of the code."""
        out = []
        for block in self.store.blocks():
            if block.function == function:
                lines = self.text.encode().split(b"\n")[block.start_line - 1 : block.end_line]
                lines[-1] = lines[-1][: block.end_column]
                lines[0] = lines[0][block.start_column :]
                out.append(" ".join(b" ".join(lines).decode().split()))
        return out

    def entered(self, expression: str) -> list[tuple[int, ...]]:
        """The lines of the blocks that an expression enters, in order."""
        with attached(Recording()) as recording:
            eval(expression, self.names)
        found = [self.store.lookup(pc) for pc in recording.pcs]
        return [block.lines for block in found if block is not None]
