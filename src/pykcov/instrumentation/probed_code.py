"""Gives the code objects of one text their probes: by rewriting them, or as the cache has them."""

from __future__ import annotations

from types import CodeType, NoneType
from typing import cast

from pykcov.instrumentation.bytecode.blocks import nested
from pykcov.instrumentation.bytecode.rewrite import rewrite
from pykcov.instrumentation.cache.entry import Entry
from pykcov.instrumentation.matching import KnownCode, KnownCodes
from pykcov.instrumentation.options import Options
from pykcov.probe import Instead, Origin, Probe, origin, running
from pykcov.symbols.identity import Range

_INTERPRETERS = (int, str, NoneType)  # constants that are none of the code's


class Rewriter:
    """Gives a code object of one text its probes.

    It takes any code object that equals one of the text's, not the same objects only: what runs may
    come from a .pyc. It answers None for one that is not of this text, and the same result for the
    same object, so that a function and the code it was made of stay one.
    """

    def __init__(
        self,
        places: KnownCodes,
        owner: object,
        options: Options,
        whole: CodeType,
        first: int,
        probes: list[Probe],
        given: Range | None = None,
    ) -> None:
        """whole: the module's code. first: number of the first block. given: the store's last range
        of this text."""
        self.first, self.probes, self.given = first, probes, given
        self._whole, self._options = whole, options
        self.strange = False  # something within what it was called with was none of the text's
        self._places = places
        self._owner = owner
        self._done: dict[int, tuple[CodeType, CodeType]] = {}

    @staticmethod
    def cached(entry: Entry, probes: list[Probe], owner: object, options: Options) -> Rewriter:
        """Return one that takes its results from the cache. Raises ValueError: the entry is bad."""
        models = nested(entry.code(probes, owner))
        places = KnownCodes(
            _place_of(plain, model) for plain, model in zip(entry.originals(), models, strict=True)
        )
        return Rewriter(places, owner, options, entry.originals()[0], entry.first, probes)

    def _place(self, code: CodeType) -> KnownCode | None:
        """Return where code stands: by its instructions and lines, and its constants where these
        are not enough. A program may have put others there: its blocks are what they were, but
        what it compares with is not."""
        place = self._places.equal(code)
        if place is None and not self._options.comparisons:
            place = self._places.alike(code)
        return place

    def is_of(self, code: CodeType) -> bool:
        """Is `code` the module's of this text?"""
        place = self._places.equal(code)
        return place is not None and place.plain is self._whole

    def __call__(self, code: CodeType) -> CodeType | None:
        if id(code) not in self._done:
            for inner in reversed(list(nested(code))):  # they nest deeper than calls may
                self._one(inner)
        return self._one(code)

    def _one(self, code: CodeType) -> CodeType | None:
        if id(code) in self._done:
            return self._done[id(code)][1]
        if (place := self._place(code)) is None:
            return None
        if place.bare:
            new = code
        elif place.model is not None and place.constants == len(code.co_consts):
            new = self._like(code, place.model, cast(Origin, origin(place.model)).layout)
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
        if (new := self._one(code)) is None:
            self.strange = True
            return code
        return new

    def _like(self, code: CodeType, model: CodeType, layout: bytes) -> CodeType:
        """Return `code` with what was inserted into `model`, which was made of its like."""
        old = code.co_consts
        consts = tuple(self._inner(c) if isinstance(c, CodeType) else c for c in old)
        runs = running(model)
        probes = [*runs.co_consts[len(old) :]]
        for n, probe in enumerate(probes):
            if isinstance(probe, Instead):
                value = (consts if probe.constant < len(old) else runs.co_consts)[probe.constant]
                probes[n] = probe.instead(value, probe.constant)
        return code.replace(
            co_code=runs.co_code,
            co_consts=(*consts, *probes, Origin(code, self._owner, layout)),
            co_linetable=runs.co_linetable,
            co_exceptiontable=runs.co_exceptiontable,
            co_stacksize=runs.co_stacksize,
        )


def _place_of(plain: CodeType, model: CodeType) -> KnownCode:
    """Return the place of code that the cache has. Raises ValueError: the two don't fit."""
    kept, found = len(plain.co_consts), running(model).co_consts
    # What a probe stands for is one of the code's constants, or behind the probes.
    stood_for = [const.constant for const in found if isinstance(const, Instead)]
    wrong = any(n >= kept and not isinstance(found[n], _INTERPRETERS) for n in stood_for)
    if wrong or len(model.co_consts) != kept:
        raise ValueError(f"{plain.co_qualname} is not what was rewritten")
    return KnownCode(plain, None, [], None, model=model, constants=kept, bare=origin(model) is None)
