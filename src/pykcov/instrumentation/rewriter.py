"""Gives the code objects of one text their probes: by rewriting them, or as the cache has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType

from pykcov.instrumentation.blocks import Located, Span, nested
from pykcov.instrumentation.branches import Edge
from pykcov.instrumentation.entry import Entry
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.prune import Plan
from pykcov.instrumentation.rewrite import Insertion, rewrite
from pykcov.lineage import Range
from pykcov.probe import Instead, Origin, Probe


@dataclass
class Place:
    """Where a code object of the text, `plain`, has probes; `model` is one that has them."""

    plain: CodeType
    spans: list[Span] | None  # None: what the model does not answer is unknown
    probes: list[Probe]
    located: Located | None
    plan: Plan | None = None
    further: list[Insertion] = field(default_factory=list)
    edges: list[tuple[Edge, Probe]] = field(default_factory=list)
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
            places.setdefault(identity(plain), []).append(place)
        return Rewriter(places, owner, options, entry.originals()[0], entry.first, probes)

    def _place(self, code: CodeType) -> Place | None:
        """Return where code stands: by its instructions and lines, and its constants where these
        are not enough. A program may have put others there: its blocks are what they were, but
        what it compares with is not."""
        places = self._places.get(identity(code), [])
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
                place.edges,
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


def identity(code: CodeType) -> Identity:
    """What makes two code objects the same place in a text."""
    return code.co_qualname, code.co_firstlineno, code.co_code, code.co_linetable
