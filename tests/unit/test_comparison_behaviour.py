"""Code that records comparisons does what it did: results, errors, and who is called for them."""

from __future__ import annotations

import itertools
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import cloudpickle
import pytest
from tests.unit.compared import Function, both, raw, record, strict

from pykcov.probe import Comparison

LOG: list[tuple[str, str]] = []

DUNDERS = [
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__contains__"),
    *("__getitem__", "__len__", "__iter__", "__bool__", "__index__", "__int__", "__float__"),
    *("__getattribute__", "__del__", "__buffer__", "__str__", "__repr__", "__missing__"),
    *("startswith", "endswith", "find", "get"),
]


def hostile(base: type, answer: Callable[..., Any], name: str) -> type:
    """A subclass that notes each call of a method that could have to do with a comparison."""

    def noting(dunder: str) -> Callable[..., Any]:
        plain = getattr(base, dunder, None)

        def method(self: Any, *args: Any) -> Any:
            if dunder == "__getattribute__":
                LOG.append((name, f"{dunder} {args[0]}"))
                return object.__getattribute__(self, *args)
            LOG.append((name, dunder))
            return answer(plain, self, *args)

        return method

    wanted = [d for d in DUNDERS if hasattr(base, d) or d in ("__eq__", "__bool__")]
    return type(name, (base,), {dunder: noting(dunder) for dunder in wanted})


def as_base(plain: Any, self: Any, *args: Any) -> Any:
    return NotImplemented if plain is None else plain(self, *args)


def refuses(*_: Any) -> Any:
    return NotImplemented


def raises(*_: Any) -> Any:
    raise ZeroDivisionError("hostile")


def strange(*_: Any) -> Any:
    return [1]


ANSWERS = {"base": as_base, "refuses": refuses, "raises": raises, "strange": strange}


class Truth:
    """What a comparison may answer: an object whose truth has a side effect."""

    def __bool__(self) -> bool:
        LOG.append(("Truth", "__bool__"))
        return True


class Answers:
    def __eq__(self, other: object) -> Any:
        LOG.append(("Answers", "__eq__"))
        return Truth()

    __lt__ = __contains__ = __eq__
    __hash__ = object.__hash__


BASES: list[tuple[type, tuple[Any, ...]]] = [
    (int, (5,)),
    (float, (1.5,)),
    (str, ("abc",)),
    (bytes, (b"abc",)),
    (tuple, ((1, "abc"),)),
    (list, ([1, "abc"],)),
    (dict, ({"abc": 1, 5: 2},)),
    (frozenset, ((1, "abc"),)),
    (object, ()),
]
HOSTILE = [
    (hostile(base, answer, f"{base.__name__}-{name}"), args)
    for base, args in BASES
    for name, answer in ANSWERS.items()
]
OTHERS = [True, None, ..., 1 << 70, float("nan"), 1j, bytearray(b"abc"), range(3), Answers()]


def subjects() -> list[Any]:
    """One of each kind, new ones where they might change."""
    made = [base(*args) for base, args in [*BASES[:-1], *HOSTILE]]
    return made + OTHERS


EXPRESSIONS = [
    *(f"a {op} b" for op in ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not")),
    *("a < b < a", "a == 5", "5 == a", "a in (1, 'abc', None)", "a in {1, 'abc'}", "'b' in a"),
    *("a[b]", "a['abc']", "a.get(b)", "a.get('abc', 1)", "a.startswith(b)", "a.endswith('c')"),
    *("a.find(b)", "1 if a == b else 2", "1 if a is None else 2", "[c for c in (a,) if c == b]"),
]


def outcome(function: Function, *args: Any, recorded: bool = False) -> tuple[str, list[Any]]:
    """Type and value of the result, or the error; and who was called, in order."""
    LOG.clear()
    try:
        result: Any = record(function, *args) if recorded else function(*args)
    except Exception as error:
        result = type(error)
    log = list(LOG)
    kind = type(result).__name__
    if (
        isinstance(result, int | float | str | bytes | type)
        and type(result).__module__ == "builtins"
    ):
        kind += f" {result!r}"
    return kind, log


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_same_results_and_the_same_calls(expression: str) -> None:
    plain, new = both(expression)
    records = 0
    for a, b in itertools.product(subjects(), repeat=2):
        expected = outcome(plain, a, b)
        assert outcome(new, a, b) == expected, (type(a), type(b))
        assert outcome(new, a, b, recorded=True) == expected, (type(a), type(b))
        strict(raw())
        records += len(raw())
    assert records > 10


def test_no_reference_is_kept_or_lost() -> None:
    for expression in EXPRESSIONS:
        _, new = both(expression)
        a, b = ["x" * 3 + str(len(expression))], {"key": 1}
        for first, second in ((a[0], b), (b, a[0]), (1 << 90, a[0]), (a[0], a[0])):
            before = sys.getrefcount(first), sys.getrefcount(second)
            for _ in range(3):
                record(new, first, second)
            assert (sys.getrefcount(first), sys.getrefcount(second)) == before, expression


def test_an_object_that_is_seen_by_the_operation_alone_dies_when_it_did() -> None:
    died: list[str] = []

    class Dies:
        def __init__(self, name: str) -> None:
            self.name = name

        def __eq__(self, other: object) -> bool:
            died.append("compared")
            return True

        __hash__ = object.__hash__

        def __del__(self) -> None:
            died.append(self.name)

    seen = []
    for function in both("(a('left') == a('right'), b.append('after'))"):
        died.clear()
        record(function, Dies, died)
        seen.append(list(died))
    assert seen[0] == seen[1]


def test_tracebacks_point_where_they_pointed() -> None:
    def shown(function: Function, *args: Any) -> list[str]:
        try:
            function(*args)
        except Exception as error:
            return traceback.format_exception(error)[-3:]
        raise AssertionError

    for expression in ("a + 1 < b", "a in b", "b[a]"):
        plain, new = both(expression)
        assert shown(new, 1, "x") == shown(plain, 1, "x")


def rest() -> Iterator[Comparison]:
    yield Comparison(0xFFFFFFFF80000008, 0)
    yield Comparison(0xFFFFFFFF80000008, 0, 2, "constant")


def test_functions_can_be_sent_elsewhere() -> None:
    plain, new = both("a == 5 or a.startswith('x') or a < b")
    sent = pickle.loads(cloudpickle.dumps(new))
    for args in ((5, 1), ("xy", "b"), ("a", "b"), ("c", "b")):
        if args != (5, 1):
            assert sent(*args) == plain(*args)
    assert sent(5, 1)


def test_bad_arguments() -> None:
    for arguments in ((1, 7), (1, -1), (1, 0, 3), (1, 0, -1)):
        with pytest.raises(ValueError, match="no such comparison"):
            Comparison(*arguments)
    comparison = Comparison(1, 0, 1, "x")
    assert (comparison.pc, comparison.kind, comparison.side, comparison.constant) == (1, 0, 1, "x")
    assert Comparison(1, 0).constant is None
