"""One text of one file: its code objects, their blocks, and the PCs that the store gives them."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import CodeType

from pykcov.instrumentation.blocks import Span, code_lines, find_blocks, nested
from pykcov.instrumentation.options import EXACT, Options
from pykcov.instrumentation.prune import Plan, prune
from pykcov.instrumentation.rewrite import rewrite
from pykcov.probe import Probe
from pykcov.store import SymbolStore
from pykcov.symbols import FileSymbols, pc_of

# Probes by store and number of the file's first block. They are kept for the life of the process: a
# file that is instrumented again, or reloaded, must count under the indices that it had.
_probes: dict[tuple[Path, int], list[Probe]] = {}
_probes_lock = threading.Lock()  # a leaf: nothing is imported or called back under it


@dataclass
class Unit:
    """The code of `source` as compiled to `code`, and its blocks.

    `path` is where a person finds the text (code.co_filename may be '<frozen os>').
    """

    path: str
    source: bytes
    code: CodeType
    optimize: int
    options: Options = EXACT
    codes: list[CodeType] = field(init=False)
    spans: list[list[Span]] = field(init=False)
    lines: list[int] = field(init=False)
    plans: list[Plan | None] = field(init=False)

    def __post_init__(self) -> None:
        text = self.source.split(b"\n")
        lines: set[int] = set()
        self.codes = list(nested(self.code))
        for code in self.codes:
            lines |= code_lines(code)
        self.lines = sorted(lines)

        def line_end(line: int) -> int:
            return len(text[line - 1].rstrip()) if 0 < line <= len(text) else 0

        by_line = self.options.by_line
        self.spans = [find_blocks(code, self.lines, line_end, by_line) for code in self.codes]
        self.plans = [
            prune(code, spans) if self.options.prune else None
            for code, spans in zip(self.codes, self.spans, strict=True)
        ]

    @property
    def blocks(self) -> int:
        """Number of blocks in the file."""
        return sum(len(spans) for spans in self.spans)

    def symbols(self) -> FileSymbols:
        """Return what the store is to keep."""
        with_blocks = [n for n, spans in enumerate(self.spans) if spans]
        return FileSymbols(
            # A file name may hold bytes that are no UTF-8.
            path=self.path.encode("utf-8", "backslashreplace").decode(),
            source=sha256(self.source).hexdigest(),
            magic=int.from_bytes(importlib.util.MAGIC_NUMBER, "little"),
            optimize=self.optimize,
            variant=self.options.variant,
            functions=tuple(self.codes[n].co_qualname for n in with_blocks),
            spans=tuple(
                (function, *span[1:])
                for function, n in enumerate(with_blocks)
                for span in self.spans[n]
            ),
            lines=tuple(self.lines),
            implied=tuple(self._implied()),
        )

    def _implied(self) -> Iterator[tuple[int, int]]:
        first = 0
        for spans, plan in zip(self.spans, self.plans, strict=True):
            if plan is not None:
                yield from ((first + told, first + block) for told, block in plan.implied)
            first += len(spans)

    def rewriter(self, store: SymbolStore, owner: object) -> Callable[[CodeType], CodeType | None]:
        """Return a function that gives a code object of this text its probes.

        It takes any code object that equals one of ours, not the same objects only: what runs may
        come from a .pyc. It answers None for one that is not of this text, and the same result for
        the same object, so that a function and the code it was made of stay one.
        """
        first = store.register(self.symbols())
        with _probes_lock:
            if (key := (store.path, first)) not in _probes:
                _probes[key] = [Probe(pc_of(first + n)) for n in range(self.blocks)]
            probes = _probes[key]
        known: dict[tuple[object, ...], tuple[int, list[Span], Plan | None]] = {}
        number = 0
        for code, spans, plan in zip(self.codes, self.spans, self.plans, strict=True):
            known.setdefault(_identity(code), (number, spans, plan))
            number += len(spans)
        done: dict[int, tuple[CodeType, CodeType]] = {}

        def apply(code: CodeType) -> CodeType | None:
            if id(code) in done:
                return done[id(code)][1]
            if (found := known.get(_identity(code))) is None:
                return None
            start, spans, plan = found
            mine = probes[start : start + len(spans)]
            new = rewrite(code, spans, mine, lambda inner: apply(inner) or inner, owner, plan)
            done[id(code)] = (code, new)  # the old one kept, or its id might come again
            return new

        return apply


def _identity(code: CodeType) -> tuple[object, ...]:
    """What makes two code objects the same place in a text."""
    return code.co_qualname, code.co_firstlineno, code.co_code, code.co_linetable
