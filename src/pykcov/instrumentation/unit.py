"""One text of one file: its code objects, their blocks, and the PCs that the store gives them."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import CodeType

from pykcov.instrumentation.blocks import Span, code_lines, find_blocks, nested
from pykcov.instrumentation.comparisons import PCS_EACH, Site, find_comparisons, insertions
from pykcov.instrumentation.rewrite import rewrite
from pykcov.probe import Probe
from pykcov.store import SymbolStore
from pykcov.symbols import COMPARISONS, FileSymbols, pc_of

# Options of a Unit, as its variant says them.
_OPTIONS = {"by_line": " by-line", "comparisons": " with-comparisons"}
VERSION = 1  # of the rules in blocks.py: a change that moves blocks raises it

# Probes by store and number of the file's first block. They are kept for the life of the process: a
# file that is instrumented again, or reloaded, must count under the indices that it had.
_probes: dict[tuple[Path, int], list[Probe]] = {}
_probes_lock = threading.Lock()  # a leaf: nothing is imported or called back under it


def options_of(variant: str) -> dict[str, bool]:
    """Return the options of the Unit that has symbols of this variant."""
    return {name: text in variant for name, text in _OPTIONS.items()}


@dataclass
class Unit:
    """The code of `source` as compiled to `code`; `by_line` cuts blocks at every line,
    `comparisons` records operands, too.

    `path` is where a person finds the text (code.co_filename may be '<frozen os>').
    """

    path: str
    source: bytes
    code: CodeType
    optimize: int
    by_line: bool = False
    comparisons: bool = False
    codes: list[CodeType] = field(init=False)
    spans: list[list[Span]] = field(init=False)
    lines: list[int] = field(init=False)
    sites: list[list[Site]] = field(init=False)

    def __post_init__(self) -> None:
        text = self.source.split(b"\n")
        lines: set[int] = set()
        self.codes = list(nested(self.code))
        for code in self.codes:
            lines |= code_lines(code)
        self.lines = sorted(lines)

        def line_end(line: int) -> int:
            return len(text[line - 1].rstrip()) if 0 < line <= len(text) else 0

        self.spans = [find_blocks(code, self.lines, line_end, self.by_line) for code in self.codes]
        wanted = self.comparisons
        self.sites = [find_comparisons(code) if wanted else [] for code in self.codes]

    @property
    def blocks(self) -> int:
        """Number of blocks in the file."""
        return sum(len(spans) for spans in self.spans)

    def symbols(self) -> FileSymbols:
        """Return what the store is to keep of the blocks."""
        spans = [[span[1:] for span in spans] for spans in self.spans]
        return self._symbols(self._variant, spans)

    def comparison_symbols(self) -> FileSymbols:
        """Return what the store is to keep of the comparisons: PCS_EACH spans for each."""
        spans = [[site[-4:] for site in sites for _ in range(PCS_EACH)] for sites in self.sites]
        return self._symbols(self._variant + COMPARISONS, spans)

    @property
    def _variant(self) -> str:
        wanted = [text for name, text in _OPTIONS.items() if getattr(self, name)]
        return "".join([str(VERSION), *wanted])

    def _symbols(self, variant: str, spans: list[list[tuple[int, int, int, int]]]) -> FileSymbols:
        with_spans = [n for n, own in enumerate(spans) if own]
        return FileSymbols(
            # A file name may hold bytes that are no UTF-8.
            path=self.path.encode("utf-8", "backslashreplace").decode(),
            source=sha256(self.source).hexdigest(),
            magic=int.from_bytes(importlib.util.MAGIC_NUMBER, "little"),
            optimize=self.optimize,
            variant=variant,
            functions=tuple(self.codes[n].co_qualname for n in with_spans),
            spans=tuple(
                (function, *span) for function, n in enumerate(with_spans) for span in spans[n]
            ),
            lines=tuple(self.lines),
        )

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
        site = store.register(self.comparison_symbols()) if self.comparisons else 0
        known: dict[tuple[object, ...], tuple[int, list[Span], int, list[Site]]] = {}
        number = 0
        for code, spans, sites in zip(self.codes, self.spans, self.sites, strict=True):
            known.setdefault(_identity(code), (number, spans, site, sites))
            number += len(spans)
            site += PCS_EACH * len(sites)
        done: dict[int, tuple[CodeType, CodeType]] = {}

        def apply(code: CodeType) -> CodeType | None:
            if id(code) in done:
                return done[id(code)][1]
            if (found := known.get(_identity(code))) is None:
                return None
            start, spans, first_site, sites = found
            mine = probes[start : start + len(spans)]
            pcs = [pc_of(first_site + PCS_EACH * n) for n in range(len(sites))]
            further = insertions(sites, pcs)
            new = rewrite(code, spans, mine, lambda inner: apply(inner) or inner, owner, further)
            done[id(code)] = (code, new)  # the old one kept, or its id might come again
            return new

        return apply


def _identity(code: CodeType) -> tuple[object, ...]:
    """What makes two code objects the same place in a text."""
    return code.co_qualname, code.co_firstlineno, code.co_code, code.co_linetable
