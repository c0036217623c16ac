"""One version of a source file: its code objects, their blocks, and their PCs from the store."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from pykcov import forks
from pykcov.abi.kcov import PC_SPACING
from pykcov.instrumentation.bytecode.block_heads import heads
from pykcov.instrumentation.bytecode.blocks import (
    Located,
    Span,
    code_lines,
    find_blocks,
    locate,
    nested,
)
from pykcov.instrumentation.bytecode.branches import (
    NONE_BRANCHED,
    Branches,
    Layout,
    find_branches,
)
from pykcov.instrumentation.bytecode.comparison_sites import (
    PCS_EACH,
    Site,
    find_comparisons,
    insertions,
)
from pykcov.instrumentation.bytecode.prune import Plan, prune
from pykcov.instrumentation.cache.stamps import NONE
from pykcov.instrumentation.exclude import excluded
from pykcov.instrumentation.matching import KnownCode, KnownCodes
from pykcov.instrumentation.options import EXACT, Options
from pykcov.instrumentation.probed_code import Rewriter
from pykcov.probe import Probe, probes
from pykcov.symbols.blocks import CHANGED, SITES, FileSymbols, Head, pc_of
from pykcov.symbols.store import SymbolStore

# Probes by store and number of the file's first block. They are kept as long as the process lives,
# because a file that is instrumented again, or reloaded, must keep its indices.
_probes: dict[tuple[Path, int], list[Probe]] = {}
_probes_lock = threading.Lock()  # a leaf: nothing is imported or called back under it
# Called for each file, with an item of files(), when it is first instrumented.
listeners: list[Callable[[int, int], object]] = []


def _after_fork() -> None:
    global _probes_lock
    _probes_lock = threading.Lock()  # the thread that held it doesn't exist in the child


forks.in_child(_after_fork)


class Text(NamedTuple):
    """A source file's content, and where it came from: see Unit, and cache/stamps.py.

    changed: a loader has changed the code that the compiler made from it.
    """

    path: str
    filename: str  # of its code objects
    source: bytes
    optimize: int
    stamp: bytes = NONE
    changed: bool = False

    def variant(self, options: Options) -> str:
        """Return what tells this code of the text from other code of it."""
        return options.variant + (CHANGED if self.changed else "")


@dataclass
class Unit:
    """The code of `source` as compiled to `code`, its blocks, and its comparisons if wanted.

    path: the file to show to users (code.co_filename may be '<frozen os>').
    """

    path: str
    source: bytes
    code: CodeType
    optimize: int
    options: Options = EXACT
    variant: str = ""  # what FileSymbols has of that; the default: what the options say
    codes: list[CodeType] = field(init=False)
    located: list[Located] = field(init=False, repr=False)
    spans: list[list[Span]] = field(init=False)
    lines: list[int] = field(init=False)
    bare: list[bool] = field(init=False)  # left out by a person
    plans: list[Plan | None] = field(init=False)
    sites: list[list[Site]] = field(init=False)
    branches: list[Branches] = field(init=False)

    def __post_init__(self) -> None:
        self.variant = self.variant or self.options.variant
        text = self.source.split(b"\n")
        lines: set[int] = set()
        self.codes = list(nested(self.code))
        out = excluded(self.source, self.options.exclude)
        self.bare = [c.co_firstlineno in out and c is not self.code for c in self.codes]
        self.located = [locate(code) for code in self.codes]
        for located, bare in zip(self.located, self.bare, strict=True):
            lines |= set() if bare else code_lines(located)
        self.lines = sorted(lines)

        def line_end(line: int) -> int:
            return len(text[line - 1].rstrip()) if 0 < line <= len(text) else 0

        self.spans = [
            [] if bare else find_blocks(code, self.lines, line_end, self.options.by_line, located)
            for code, located, bare in zip(self.codes, self.located, self.bare, strict=True)
        ]
        self.plans = [
            prune(code, spans, located) if self.options.prune and spans else None
            for code, spans, located in zip(self.codes, self.spans, self.located, strict=True)
        ]
        self.sites = [
            find_comparisons(code, located) if self.options.comparisons and not bare else []
            for code, located, bare in zip(self.codes, self.located, self.bare, strict=True)
        ]

        layout = Layout(self.source) if self.options.branch else None
        self.branches = [
            NONE_BRANCHED
            if layout is None or not spans
            else find_branches(code, spans, located, layout)
            for code, spans, located in zip(self.codes, self.spans, self.located, strict=True)
        ]

    @property
    def blocks(self) -> int:
        """Number of blocks in the file, plus edges that have probes."""
        return sum(map(len, self.spans)) + sum(len(found.edges) for found in self.branches)

    def symbols(self) -> FileSymbols:
        """Return the blocks' data for the store."""
        spans = [[span[1:] for span in spans] for spans in self.spans]
        made = self._symbols(self.variant, spans, tuple(self._implied()))
        if not self.options.by_line:
            return made
        numbers = {n: place for place, n in enumerate(n for n, own in enumerate(spans) if own)}
        edges = tuple(
            (numbers[n], edge.line, edge.column, edge.line, edge.column)
            for n, found in enumerate(self.branches)
            for edge in found.edges
        )
        heads = tuple(self._heads())
        return replace(made, spans=made.spans + edges, heads=heads, arcs=tuple(self._arcs()))

    def comparison_symbols(self) -> FileSymbols:
        """Return the comparisons' data for the store: PCS_EACH spans for each."""
        spans = [[site[-4:] for site in sites for _ in range(PCS_EACH)] for sites in self.sites]
        return self._symbols(self.variant + SITES, spans)

    def _symbols(
        self,
        variant: str,
        spans: list[list[tuple[int, int, int, int]]],
        implied: tuple[tuple[int, int], ...] = (),
    ) -> FileSymbols:
        with_spans = [n for n, own in enumerate(spans) if own]
        return FileSymbols(
            # A file name may contain bytes that are not UTF-8.
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
            implied=implied,
        )

    def _implied(self) -> Iterator[tuple[int, int]]:
        first = 0
        for spans, plan in zip(self.spans, self.plans, strict=True):
            if plan is not None:
                yield from ((first + told, first + block) for told, block in plan.implied)
            first += len(spans)

    def _heads(self) -> Iterator[Head]:
        for located, spans in zip(self.located, self.spans, strict=True):
            yield from heads(located, spans)

    def _arcs(self) -> Iterator[tuple[int, int, int]]:
        block, edge = 0, sum(map(len, self.spans))
        for spans, found in zip(self.spans, self.branches, strict=True):
            for n, arc in found.arcs:
                yield (block + n if n < len(spans) else edge + n - len(spans), *arc)
            block += len(spans)
            edge += len(found.edges)

    def rewriter(self, store: SymbolStore, owner: object) -> Rewriter:
        """Return a rewriter for this file's code objects. Raises as register() does."""
        given = [store.registered(self.symbols())]
        if self.options.comparisons:
            given.append(store.registered(self.comparison_symbols()))
        mine = probes_of(store, given[0].first, self.blocks)
        places: list[KnownCode] = []
        number, site = 0, given[-1].first
        edge = sum(map(len, self.spans))
        each = zip(
            self.codes, self.spans, self.located, self.plans, self.sites, self.branches, self.bare,
            strict=True,
        )  # fmt: skip
        for code, spans, located, plan, sites, found, bare in each:
            own = mine[number : number + len(spans)]
            pcs = [pc_of(site + PCS_EACH * n) for n in range(len(sites))]
            further = insertions(sites, pcs)
            edges = [*zip(found.edges, mine[edge : edge + len(found.edges)], strict=True)]
            spanned = None if bare else spans
            places.append(KnownCode(code, spanned, own, located, plan, further, edges, bare=bare))
            number += len(spans)
            site += PCS_EACH * len(sites)
            edge += len(found.edges)
        last = max(given, key=lambda one: one.first)
        return Rewriter(
            KnownCodes(places), owner, self.options, self.code, given[0].first, mine, last
        )


def probes_of(store: SymbolStore, first: int, count: int) -> list[Probe]:
    """Return the probes of a file, the same ones each time."""
    with _probes_lock:
        found = _probes.get((store.path, first))
        if found is not None:
            return found
        made = _probes[store.path, first] = probes(pc_of(first), PC_SPACING, count)
    for listener in listeners:
        listener(first, count)
    return made


def files() -> dict[int, int]:
    """Return all files that ever had probes: number of the first block, and number of blocks."""
    with _probes_lock:
        return {first: len(found) for (_, first), found in _probes.items()}
