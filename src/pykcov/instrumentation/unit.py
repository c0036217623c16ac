"""One text of one file: its code objects, their blocks, and the PCs that the store gives them."""

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
from pykcov.instrumentation.blocks import Located, Span, code_lines, find_blocks, locate, nested
from pykcov.instrumentation.comparisons import PCS_EACH, Site, find_comparisons, insertions
from pykcov.instrumentation.entry import Entry
from pykcov.instrumentation.heads import heads
from pykcov.instrumentation.options import EXACT, Options
from pykcov.instrumentation.prune import Plan, prune
from pykcov.instrumentation.rewrite import Insertion, rewrite
from pykcov.instrumentation.stamps import NONE
from pykcov.lineage import Range
from pykcov.probe import Instead, Origin, Probe, probes
from pykcov.store import SymbolStore
from pykcov.symbols import SITES, FileSymbols, Head, pc_of

# Probes by store and number of the file's first block. They are kept for the life of the process: a
# file that is instrumented again, or reloaded, must count under the indices that it had.
_probes: dict[tuple[Path, int], list[Probe]] = {}
_probes_lock = threading.Lock()  # a leaf: nothing is imported or called back under it
# Told of each file, as files() gives it, when it first gets probes.
listeners: list[Callable[[int, int], object]] = []


def _after_fork() -> None:
    global _probes_lock
    _probes_lock = threading.Lock()  # whoever held it is not in this process


forks.in_child(_after_fork)


class Text(NamedTuple):
    """A text, and where it came from: see Unit, and stamps.py."""

    path: str
    filename: str  # of its code objects
    source: bytes
    optimize: int
    stamp: bytes = NONE


@dataclass
class Unit:
    """The code of `source` as compiled to `code`, its blocks, and its comparisons if wanted.

    `path` is where a person finds the text (code.co_filename may be '<frozen os>').
    """

    path: str
    source: bytes
    code: CodeType
    optimize: int
    options: Options = EXACT
    codes: list[CodeType] = field(init=False)
    located: list[Located] = field(init=False, repr=False)
    spans: list[list[Span]] = field(init=False)
    lines: list[int] = field(init=False)
    plans: list[Plan | None] = field(init=False)
    sites: list[list[Site]] = field(init=False)

    def __post_init__(self) -> None:
        text = self.source.split(b"\n")
        lines: set[int] = set()
        self.codes = list(nested(self.code))
        self.located = [locate(code) for code in self.codes]
        for located in self.located:
            lines |= code_lines(located)
        self.lines = sorted(lines)

        def line_end(line: int) -> int:
            return len(text[line - 1].rstrip()) if 0 < line <= len(text) else 0

        self.spans = [
            find_blocks(code, self.lines, line_end, self.options.by_line, located)
            for code, located in zip(self.codes, self.located, strict=True)
        ]
        self.plans = [
            prune(code, spans, located) if self.options.prune else None
            for code, spans, located in zip(self.codes, self.spans, self.located, strict=True)
        ]
        self.sites = [
            find_comparisons(code, located) if self.options.comparisons else []
            for code, located in zip(self.codes, self.located, strict=True)
        ]

    @property
    def blocks(self) -> int:
        """Number of blocks in the file."""
        return sum(len(spans) for spans in self.spans)

    def symbols(self) -> FileSymbols:
        """Return what the store is to keep of the blocks."""
        spans = [[span[1:] for span in spans] for spans in self.spans]
        made = self._symbols(self.options.variant, spans, tuple(self._implied()))
        return replace(made, heads=tuple(self._heads())) if self.options.by_line else made

    def comparison_symbols(self) -> FileSymbols:
        """Return what the store is to keep of the comparisons: PCS_EACH spans for each."""
        spans = [[site[-4:] for site in sites for _ in range(PCS_EACH)] for sites in self.sites]
        return self._symbols(self.options.variant + SITES, spans)

    def _symbols(
        self,
        variant: str,
        spans: list[list[tuple[int, int, int, int]]],
        implied: tuple[tuple[int, int], ...] = (),
    ) -> FileSymbols:
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

    def rewriter(self, store: SymbolStore, owner: object) -> Rewriter:
        """Return what gives code objects of this text their probes. Raises as register()."""
        given = [store.registered(self.symbols())]
        if self.options.comparisons:
            given.append(store.registered(self.comparison_symbols()))
        mine = probes_of(store, given[0].first, self.blocks)
        places: dict[Identity, list[Place]] = {}
        number, site = 0, given[-1].first
        each = zip(self.codes, self.spans, self.located, self.plans, self.sites, strict=True)
        for code, spans, located, plan, sites in each:
            own = mine[number : number + len(spans)]
            pcs = [pc_of(site + PCS_EACH * n) for n in range(len(sites))]
            further = insertions(sites, pcs)
            place = Place(code, spans, own, located, plan, further)
            places.setdefault(_identity(code), []).append(place)
            number += len(spans)
            site += PCS_EACH * len(sites)
        last = max(given, key=lambda one: one.first)
        return Rewriter(places, owner, self.options, self.code, given[0].first, mine, last)


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
    """Return the files that ever had probes: number of the first block, and how many there are."""
    with _probes_lock:
        return {first: len(found) for (_, first), found in _probes.items()}


@dataclass
class Place:
    """Where a code object of the text, `plain`, has probes; `model` is one that has them."""

    plain: CodeType
    spans: list[Span] | None  # None: what the model does not answer is unknown
    probes: list[Probe]
    located: Located | None
    plan: Plan | None = None
    further: list[Insertion] = field(default_factory=list)
    model: CodeType | None = None
    constants: int = 0  # that the model had before it had probes


class Rewriter:
    """Gives a code object of one text its probes.

    It takes any code object that equals one of the text's, not the same objects only: what runs may
    come from a .pyc. It answers None for one that is not of this text, and the same result for the
    same object, so that a function and the code it was made of stay one.
    """

    def __init__(
        self,
        places: dict[Identity, list[Place]],
        owner: object,
        options: Options,
        whole: CodeType,
        first: int,
        probes: list[Probe],
        given: Range | None = None,
    ) -> None:
        """whole: the module's code. first: number of the first block. given: the store's last range
        of this text."""
        self.whole, self.first, self.probes, self.given = whole, first, probes, given
        self._options = options
        self.strange = False  # something within what it was called with was none of the text's
        self._places = places
        self._owner = owner
        self._done: dict[int, tuple[CodeType, CodeType]] = {}

    @staticmethod
    def cached(entry: Entry, probes: list[Probe], owner: object, options: Options) -> Rewriter:
        """Return one that takes its results from the cache. Raises ValueError: the entry is bad."""
        places: dict[Identity, list[Place]] = {}
        models = nested(entry.code(probes, owner))
        for plain, model in zip(entry.originals(), models, strict=True):
            place = Place(plain, None, [], None, model=model, constants=len(plain.co_consts))
            places.setdefault(_identity(plain), []).append(place)
        return Rewriter(places, owner, options, entry.originals()[0], entry.first, probes)

    def _place(self, code: CodeType) -> Place | None:
        """Return where code stands: by its instructions and lines, and its constants where these
        are not enough. A program may have put others there: its blocks are what they were, but
        what it compares with is not."""
        places = self._places.get(_identity(code), [])
        for place in places:
            if place.plain is code or _same(place.plain, code):
                return place
        return places[0] if places and not self._options.comparisons else None

    def __call__(self, code: CodeType) -> CodeType | None:
        if id(code) in self._done:
            return self._done[id(code)][1]
        if (place := self._place(code)) is None:
            return None
        if place.model is not None and place.constants == len(code.co_consts):
            new = self._like(code, place.model)
        elif place.spans is not None:
            new = rewrite(
                code,
                place.spans,
                place.probes,
                self._inner,
                self._owner,
                place.plan,
                place.located,
                place.further,
            )
            place.model, place.constants = new, len(code.co_consts)
        else:
            return None
        self._done[id(code)] = (code, new)  # the old one kept, or its id might come again
        return new

    def _inner(self, code: CodeType) -> CodeType:
        if (new := self(code)) is None:
            self.strange = True
            return code
        return new

    def _like(self, code: CodeType, model: CodeType) -> CodeType:
        """Return `code` with what was inserted into `model`, which was made of its like."""
        old = code.co_consts
        consts = tuple(self._inner(c) if isinstance(c, CodeType) else c for c in old)
        probes = [*model.co_consts[len(old) : -1]]
        for n, probe in enumerate(probes):
            if isinstance(probe, Instead):
                probes[n] = probe.instead(consts[probe.constant], probe.constant)
        return code.replace(
            co_code=model.co_code,
            co_consts=(*consts, *probes, Origin(code, self._owner)),
            co_linetable=model.co_linetable,
            co_exceptiontable=model.co_exceptiontable,
            co_stacksize=model.co_stacksize,
        )


Identity = tuple[object, ...]


def _same(one: CodeType, other: CodeType) -> bool:
    """Are they equal, but for flags, which types.coroutine() sets?"""
    return one == other or one == other.replace(co_flags=one.co_flags)


def _identity(code: CodeType) -> Identity:
    """What makes two code objects the same place in a text."""
    return code.co_qualname, code.co_firstlineno, code.co_code, code.co_linetable
