"""Every record is what the operands are, by an encoder that shares no code with ours."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.compared import both, raw, record, seen, strict

MOST = 256

BITS = (7, 8, 15, 16, 31, 32, 52, 53, 62, 63, 64, 127, 128, 2047, 2048, 2100)
EDGES = [sign * ((1 << n) + more) for n in BITS for sign in (1, -1) for more in (-1, 0, 1)]
integers = st.integers() | st.sampled_from(EDGES)
wide = st.text("é€\U0001f600\ud800", max_size=90)
texts = st.text(max_size=40) | st.text("ab", max_size=300) | wide
octets = st.binary(max_size=40) | st.integers(0, 300).map(bytes) | st.binary().map(bytearray)
values = integers | st.booleans() | st.floats() | texts | octets | st.none()


# -- the oracle ------------------------------------------------------------------------------------

Told = tuple[int, int, int]  # type, arg1, arg2


def of_ints(a: int, b: int) -> list[Told]:
    for log, size in enumerate((1, 2, 4, 8)):
        if all(-(1 << 8 * size - 1) <= n < 1 << 8 * size - 1 for n in (a, b)):
            return [(2 * log, a & (1 << 8 * size) - 1, b & (1 << 8 * size) - 1)]
    bits = max((n if n >= 0 else ~n).bit_length() for n in (a, b)) + 1
    words = min(math.ceil(bits / 64), MOST // 8)
    return [(6, a >> 64 * n & 2**64 - 1, b >> 64 * n & 2**64 - 1) for n in range(words)]


def of_floats(a: float, b: float) -> list[Told]:
    if any(isinstance(n, int) and abs(n) > 2**53 for n in (a, b)):
        return []
    first, second = struct.unpack("<2Q", struct.pack("<2d", a, b))
    return [(6, first, second)]


def of_texts(a: Any, b: Any) -> list[Told]:
    common = min(len(a), len(b), MOST)
    heads = [encoded(text[:common]) for text in (a, b)]
    count, at, out = min(map(len, heads)), 0, []
    while at < count:
        log = next(log for log in (3, 2, 1, 0) if at + (1 << log) <= count)
        words = [int.from_bytes(head[at : at + (1 << log)], "little") for head in heads]
        out.append((2 * log, words[0], words[1]))
        at += 1 << log
    return [*out, (6, len(a), len(b))]


def encoded(text: Any) -> bytes:
    if not isinstance(text, str):
        return bytes(text)
    if text.isascii():
        return text.encode()
    out = b""
    for character in text:
        if len(out) + 4 > MOST:
            break
        out += character.encode("utf-8", "surrogatepass")
    return out


def expected(a: Any, b: Any) -> list[Told]:
    if isinstance(a, int) and isinstance(b, int):
        return of_ints(a, b)
    if isinstance(a, str) and isinstance(b, str):
        return of_texts(a, b)
    if isinstance(a, bytes | bytearray) and isinstance(b, bytes | bytearray):
        return of_texts(a, b)
    if all(isinstance(n, int | float) for n in (a, b)):
        return of_floats(a, b)
    if a is None or b is None:
        return [(0, int(a is not None), int(b is not None))]
    return []


def told() -> list[Told]:
    strict(raw())
    return [found[:3] for found in raw()]


# -- two operands ----------------------------------------------------------------------------------

OPERATORS = ["==", "!=", "<", "<=", ">", ">=", "is", "is not"]
FUNCTIONS = {operator: both(f"a {operator} b") for operator in OPERATORS}


@pytest.mark.slow
@pytest.mark.parametrize("operator", OPERATORS)
@given(values, values)
@example(0, -(1 << 127))
@settings(max_examples=40, deadline=None)
def test_what_is_recorded_of_two_values(operator: str, a: Any, b: Any) -> None:
    plain, new = FUNCTIONS[operator]
    try:
        result: Any = plain(a, b)
    except TypeError:
        result = TypeError
    assert record(new, a, b) == result
    assert told() == expected(a, b)


@pytest.mark.slow
@given(integers | texts | octets | st.floats(allow_nan=False), st.data())
@settings(max_examples=100, deadline=None)
def test_the_reader_gives_back_what_went_in(a: Any, data: st.DataObject) -> None:
    like = {int: integers, float: st.floats(allow_nan=False), str: texts}.get(type(a), octets)
    b: Any = data.draw(like)
    record(FUNCTIONS["=="][1], a, b)
    (found,) = seen()
    assert not found.constant
    assert found.where.start_line == 2
    if isinstance(a, int):
        cut = max(a.bit_length(), b.bit_length()) > 2047
        assert cut or (found.left, found.right) == (a, b)
        assert found.kind == "int"
    elif isinstance(a, float):
        assert (found.kind, found.left, found.right) == ("float", a, b)
    elif a and b:
        assert found.kind == ("str" if isinstance(a, str) else "bytes")
        assert found.lengths == (len(a), len(b))
        shown, whole = found.left, a if isinstance(a, str) else bytes(a)
        if not isinstance(a, str) or (a + b).isascii():
            assert whole[: min(len(a), len(b), MOST)] == shown
    else:
        assert (found.kind, found.left, found.right) == ("length", len(a), len(b))


class Int(int):
    pass


class Str(str):
    __slots__ = ()


class Float(float):
    pass


@pytest.mark.parametrize(
    ("a", "b"),
    [(Str("abc"), "abd"), (Float(1.5), 2), (True, 2), (Int(300), 5), (bytearray(b"x"), b"y")],
    ids=str,
)
def test_subclasses_count_by_their_value_in_c(a: Any, b: Any) -> None:
    record(FUNCTIONS["is"][1], a, b)
    assert told() == expected(a, b)


UNKNOWN = [(1j, 2j), ([1], [1]), ("a", b"a"), (object(), 1), ((1,), (1,)), (2**54, 1.5)]


@pytest.mark.parametrize(("a", "b"), UNKNOWN, ids=str)
def test_what_has_no_operands(a: Any, b: Any) -> None:
    record(FUNCTIONS["is"][1], a, b)
    assert raw() == []


# -- constants, cases, keys ------------------------------------------------------------------------


def constants(expression: str, *args: Any) -> list[tuple[bool, Any, Any]]:
    plain, new = both(expression, "a, b=None")
    assert record(new, *args) == plain(*args)
    strict(raw())
    return [(found.constant, found.left, found.right) for found in seen()]


@pytest.mark.parametrize(
    ("expression", "argument", "found"),
    [
        ("a == 5", 7, [(True, 5, 7)]),
        ("5 == a", 7, [(True, 5, 7)]),
        ("a == -1", 7, [(True, -1, 7)]),
        ("a == 0xfedcba9876543210", 7, [(True, 0xFEDCBA9876543210, 7)]),
        ("a > 1.5", 7, [(True, 1.5, 7.0)]),
        ("0 < a < 10", 7, [(True, 0, 7), (True, 10, 7)]),
        ("0 < a < 10", -7, [(True, 0, -7)]),
        ("a is None", 7, [(True, 0, 1)]),
        ("a is not None", None, [(True, 0, 0)]),
        ("1 if a is None else 2", None, [(True, 0, 0)]),
        ("a == 'magic'", "ma", [(True, "ma", "ma")]),
        ("a == ''", "ma", [(True, 0, 2)]),
        ("a in (1, 'x', 2.5)", 7, [(True, 1, 7), (True, 2.5, 7.0)]),
        ("a in {3}", 7, [(True, 3, 7)]),
        ("a in [3, b]", 7, [(False, 3, 7), (False, 0, 1)]),
        ("'xyz' in a", "abc", [(True, "xyz", "abc")]),
        ("a not in 'xyz'", "abc", [(True, "xyz", "abc")]),
        ("'k' in a", {"q": 1, 5: 6}, [(True, "k", "q")]),
        ("a.startswith('xy')", "abc", [(True, "xy", "ab")]),
        ("a.startswith((b'xy', b'z'))", b"abc", [(True, b"xy", b"ab"), (True, b"z", b"a")]),
        ("a.endswith('xy')", "abc", [(True, "xy", "bc")]),
        ("a.endswith('é€')", "a€é", [(True, "é€", "€é")]),
        ("a.find('xy')", "abc", [(True, "xy", "ab")]),
        ("a.get('k')", {"q": 1, "a key that is far from it": 2}, [(True, "k", "q")]),
        ("a.get(3, 0)", {1: 1, "q": 2}, [(True, 3, 1)]),
    ],
)
def test_constants_come_first(expression: str, argument: Any, found: list[Any]) -> None:
    assert constants(expression, argument) == found


def test_the_end_of_a_long_text_is_its_end() -> None:
    _, new = both("a.endswith(b)")
    assert record(new, "é" * 199 + "X", "é" * 200) is False
    *words, lengths = raw()
    assert words[-1][1] != words[-1][2]  # the last character is in the last word
    assert lengths[1:3] == (200, 200)


def test_a_dictionary_shows_its_keys() -> None:
    commands = {"stop": 1, "start": 2, 7: 3}
    shown = [(False, "stop", "stat"), (False, "star", "stat")]
    assert constants("b.get(a)", "stat", commands) == shown
    assert constants("a in b", "stat", commands) == shown
    plain, new = both("b[a]")
    assert record(new, "stat", commands) is KeyError
    assert [(found.constant, found.left, found.right) for found in seen()] == shown
    assert record(new, 1, [5, 6]) == plain(1, [5, 6])
    assert raw() == []


def test_the_records_that_the_documentation_draws() -> None:
    _, new = both("a == 300", "a")
    record(new, 5)
    assert told() == [(3, 0x12C, 5)]
    _, new = both("a == b'open sesame!'", "a")
    record(new, b"open sesami.")
    (first, second, last) = raw()
    assert first[:3] == (7, 0x736573206E65706F, 0x736573206E65706F)
    assert second[:3] == (5, 0x21656D61, 0x2E696D61)
    assert last[:3] == (7, 12, 12)
    assert (last[3] - first[3], last[3] - second[3]) == (2, 2)


def test_cases_are_bounded() -> None:
    assert len(constants("a in b", 1, list(range(1000)))) == 32
    assert len(constants("a in b", 1, set(range(1000)))) == 32
    assert len(constants("b.get(a)", 1, dict.fromkeys(range(1000)))) == 32


def test_a_match_statement() -> None:
    text = "[c for c in (a,)]"
    assert constants(text, 1) == []
    found = []
    from tests.unit.compared import STORE
    from tests.unit.rewritten import COMPARED, rewrite_text

    _, new = rewrite_text(
        "def f(a):\n match a:\n  case 'x' | 5: return 1\n  case {'key': 1}: return 2\n"
        "  case [1, None]: return 3\n",
        STORE,
        COMPARED,
    )
    names: dict[str, Any] = {}
    exec(new, names)
    for argument in ("y", 5, {"kez": 1}, {"key": 2}, [1, 2]):
        record(names["f"], argument)
        found.append([(one.kind, one.left, one.right) for one in seen()])
    assert found == [
        [("str", "x", "y")],
        [("int", 5, 5)],
        [("int", 1, 1), ("str", "key", "kez")],
        [("int", 1, 1), ("str", "key", "key"), ("int", 1, 2)],
        [("int", 2, 2), ("int", 1, 1), ("none", 0, 1)],
    ]
