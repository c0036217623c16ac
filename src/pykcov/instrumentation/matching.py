"""Which code object is which of a text's.

What runs may come from a .pyc, or from a compilation of its own, and may have been changed since:
types.coroutine() sets a flag, others put in other constants. So code stands where code of the text
has the same name, line, instructions and positions, and the same constants, where it matters.

To compare with == what functions nest in takes CPython twice as long for each level, and a stack as
deep. So code objects that are equal get the same number, inner ones first: then what is within is
compared by its number, and each code object is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import CodeType

from pykcov.instrumentation.bytecode.blocks import Located, Span, nested
from pykcov.instrumentation.bytecode.branches import Edge
from pykcov.instrumentation.bytecode.prune import Plan
from pykcov.instrumentation.bytecode.rewrite import Insertion
from pykcov.probe import Probe

_Key = tuple[object, ...]


@dataclass
class KnownCode:
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
    bare: bool = False  # it stays as it is


class KnownCodes:
    """The places of one text, outer ones first; of several equal ones the first counts."""

    def __init__(self, places: Iterable[KnownCode]) -> None:
        self._places = list(places)
        self._same: dict[int, KnownCode] = {}  # by the id of the plain code, which the place keeps
        self._alike: dict[_Key, KnownCode] = {}
        for place in reversed(self._places):
            self._same[id(place.plain)] = place
            self._alike[_identity(place.plain)] = place
        self._equal: dict[int, KnownCode] = {}  # by number
        self._numbers: dict[_Key, int] = {}
        self._known: dict[int, tuple[CodeType, int]] = {}  # numbers by id; and the code, kept

    def equal(self, code: CodeType) -> KnownCode | None:
        """Return the place of code that equals the text's, but for flags."""
        if (place := self._same.get(id(code))) is not None:
            return place
        if not self._equal:
            for place in reversed(self._places):
                self._equal[self._number(place.plain)] = place
        return self._equal.get(self._number(code))

    def alike(self, code: CodeType) -> KnownCode | None:
        """Return the place of code that differs in constants, too."""
        return self._alike.get(_identity(code))

    def _number(self, code: CodeType) -> int:
        """Return the same number for code that is equal, but for flags; -1 where a program has put
        a constant there that can't be hashed."""
        if id(code) not in self._known:
            for one in reversed(list(nested(code))):
                if id(one) not in self._known:
                    self._known[id(one)] = one, self._numbered(one)
        return self._known[id(code)][1]

    def _numbered(self, code: CodeType) -> int:
        inner = tuple(self._known[id(c)][1] for c in code.co_consts if isinstance(c, CodeType))
        consts = tuple(CodeType if isinstance(c, CodeType) else c for c in code.co_consts)
        alone = code.replace(co_flags=0, co_consts=consts)
        try:
            return self._numbers.setdefault((*_identity(code), alone, inner), len(self._numbers))
        except TypeError:
            return -1


def _identity(code: CodeType) -> _Key:
    return code.co_qualname, code.co_firstlineno, code.co_code, code.co_linetable
