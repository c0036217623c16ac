"""Code that records comparisons is the plain code and nothing else, and knows its constants."""

from __future__ import annotations

import ast
import dis
import importlib
import inspect
from collections.abc import Iterator
from types import CodeType

import pytest
from tests.unit.monitored import events, monitoring
from tests.unit.rewritten import COMPARED, check_rewritten, inner, named, rewrite_text, steps
from tests.unit.running import same

from pykcov.instrumentation.bytecode.blocks import locate
from pykcov.instrumentation.bytecode.comparison_sites import (
    COMPARE,
    CONTAINS,
    KEYS,
    LEFT,
    LOOKUP,
    NEITHER,
    PREFIX,
    RIGHT,
    SUFFIX,
    Site,
    find_comparisons,
)
from pykcov.instrumentation.unit import Unit
from pykcov.symbols.store import SymbolStore

TEXT = """
def f(x, y=3, s="abc", d={"a": 1}):
    if 0 < x < 10 and x != y:
        y = [x == 1, x is not None, y is None]
    z = (x if y else 3) == (4 if x
         else 5)
    try:
        d[s]; d[(x, y)]
    except (KeyError, TypeError):
        pass
    while x and x < 12:
        x += 5
    assert x >= 1, "no"
    match d:
        case {"a": 1, "b": _}: return 1
        case {"a": int() | None as q}: y = q
    match (x, s):
        case (1, "abc"): return 2
        case (_, None): return 3
    try:
        raise ExceptionGroup("g", [ValueError(x)])
    except* ValueError as e:
        y = e is None
    return (y, z, s.startswith("a"), s.endswith(("b", "c")), s.find(s), d.get(s), d.get("q", x),
            x in (1, 2), s in d, "b" in s, [n for n in (1, 2) if n == x],
            lambda q: q > x)[:-1]
"""


def sites(text: str) -> list[Site]:
    """The comparisons of a text's functions."""
    return sites_of(compile(text, "t", "exec"))


def sites_of(code: CodeType) -> list[Site]:
    """The comparisons of a code object, and of those in it."""
    return [site for one in inner(code) for site in find_comparisons(one, locate(one))]


def of(expression: str) -> list[tuple[int, int, object]]:
    text = f"def f(x, y, s, d):\n    return {expression}\n"
    return [(site.kind, site.side, site.constant) for site in sites(text)]


@pytest.mark.parametrize("x", [0, 1, 5, 50])
def test_it_does_the_same(store: SymbolStore, x: int) -> None:
    plain, new = rewrite_text(TEXT, store, COMPARED)
    assert check_rewritten(plain, new) > 20
    same(plain, new, f"f({x})")


def test_without_it_the_code_is_the_same_byte_by_byte(store: SymbolStore) -> None:
    _, with_probes = rewrite_text(TEXT, store)
    source = TEXT.encode()
    plain = compile(TEXT, "/no/such/file.py", "exec")
    unit = Unit("/no/such/file.py", source, plain, 0)
    assert not any(unit.sites)
    other = unit.rewriter(store, owner=None)(plain)
    assert other is not None
    for before, after in zip(inner(with_probes), inner(other), strict=True):
        assert before.co_code == after.co_code
        assert len(before.co_consts) == len(after.co_consts)
    assert not any(s.instruction.opname == "DELETE_SUBSCR" for s in steps(named(other, "f")))


@pytest.mark.skipif(monitoring is None, reason="there is no sys.monitoring before 3.12")
@pytest.mark.parametrize("x", [1, 50])
def test_monitoring_hears_what_it_heard(store: SymbolStore, x: int) -> None:
    plain, new = rewrite_text(TEXT, store, COMPARED)
    assert events(new, f"f({x})") == events(plain, f"f({x})")


SIDES = {
    "x == 1": (COMPARE, RIGHT, 1),
    "1 == x": (COMPARE, LEFT, 1),
    "x is ...": (COMPARE, RIGHT, ...),
    "x < y": (COMPARE, NEITHER, None),
    "s.u == -1.5": (COMPARE, RIGHT, -1.5),
    "b'' != s.u": (COMPARE, LEFT, b""),
    "x in (1, 2)": (CONTAINS, RIGHT, (1, 2)),
    "x in [1, 2]": (CONTAINS, RIGHT, (1, 2)),
    "x in {1, 2}": (CONTAINS, RIGHT, frozenset((1, 2))),
    "'a' not in s": (CONTAINS, LEFT, "a"),
    "d[s]": (LOOKUP, NEITHER, None),
    "d['a']": (LOOKUP, RIGHT, "a"),
    "d.get(s)": (LOOKUP, NEITHER, None),
    "d.get(s, 7)": (LOOKUP, NEITHER, None),
    "d.get('a', None)": (LOOKUP, RIGHT, "a"),
    "s.startswith('a')": (PREFIX, RIGHT, "a"),
    "s.endswith(x)": (SUFFIX, NEITHER, None),
    "x is None": (COMPARE, RIGHT, None),
    "1 if x is None else 2": (COMPARE, RIGHT, None),
}


@pytest.mark.parametrize("expression", SIDES)
def test_constants_are_told_apart(expression: str) -> None:
    assert of(expression) == [SIDES[expression]]


NONE = [
    "d[0]",
    "d[1:2]",
    "s.startswith(x, 1)",
    "s.startswith(s.u)",  # what loads it could do anything
    "s.startswith(*x)",
    "s.startswith(prefix=1)",
    "s.get",
    "s.other('a')",
]


@pytest.mark.parametrize("expression", NONE)
def test_what_is_no_comparison(expression: str) -> None:
    assert [site for site in of(expression) if site[0] != LOOKUP or "get" in expression] == []


def test_what_the_compiler_tests_for_none_by_itself() -> None:
    text = "def f(x):\n match x:\n  case {'a': _}: pass\n  case int(a=_): pass\n"
    text += " try: g()\n except* ValueError: pass\n"
    found = [site for site in sites(text) if site.kind == COMPARE]
    assert [site.constant for site in found] == [1]  # the length of the mapping
    assert [site.constant for site in sites(text) if site.kind == KEYS] == [("a",)]


MISSING = [
    "    del p\n    return s.lower.startswith(p)\n",
    "    if s: q = 1\n    return s.lower.startswith(q)\n",
    "    try: q = s()\n    except KeyError: return s.lower.startswith(q)\n",
    "    for q in s: pass\n    return s.lower.startswith(q)\n",
]


@pytest.mark.parametrize("body", MISSING)
def test_a_value_that_may_be_missing_is_not_loaded_ahead(body: str) -> None:
    """A local without a value raises where it did: behind the look-up of the method."""
    assert [site for site in sites(f"def f(s, p):\n{body}") if site.kind != COMPARE] == []


def test_a_value_that_is_there_is_loaded_ahead() -> None:
    assert len(sites("def f(s, p):\n    q = p[0:1]\n    return s.startswith(q)\n")) > 0


def test_a_jump_to_a_comparison_goes_to_its_record(store: SymbolStore) -> None:
    text = "def f(x):\n    return [x == (x if x else g()), *[x] * 9, x, x, x]\n"
    plain, new = rewrite_text(text, store, COMPARED)
    check_rewritten(plain, new)
    flow = steps(named(new, "f"))
    at = next(n for n, step in enumerate(flow) if step.instruction.opname == "COMPARE_OP")
    names = [step.instruction.opname for step in flow[at - 7 : at]]
    assert names[:3] == ["LOAD_CONST", "UNARY_INVERT", "POP_TOP"]  # the block's probe comes first
    assert names[3:] == ["COPY", "LOAD_CONST", "COPY", "STORE_SUBSCR"]
    jumps = [step.instruction for step in flow if step.instruction.opcode in _jumps()]
    assert flow[at - 7].begins in {jump.argval for jump in jumps}


def _jumps() -> frozenset[int]:
    return frozenset(dis.hasjrel)


# -- constants, by the ast module ------------------------------------------------------------------


def operands(tree: ast.AST) -> dict[tuple[int, int, int, int], list[ast.expr]]:
    """The operands of all comparisons of a text, by the comparison's place."""
    found: dict[tuple[int, int, int, int], list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            place = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
            found.setdefault(place, []).extend([node.left, *node.comparators])
    return found


def value(node: ast.expr) -> Iterator[object]:
    """What a constant may be compiled to; nothing for what is none."""
    try:
        found = ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return
    yield found
    if isinstance(found, list):
        yield tuple(found)
    if isinstance(found, set):
        yield frozenset(found)


def shown(constant: object) -> str:
    """The constant with the types in it, which 1 == True would not tell; sets in one order."""
    if isinstance(constant, set | frozenset):
        return f"{type(constant).__name__} {sorted(map(shown, constant))}"
    return repr(constant)


def wrong_constants(text: str, code: CodeType) -> list[Site]:
    """Comparisons whose constant is none of those that the text has there."""
    known = operands(ast.parse(text))
    wrong = []
    for one in inner(code):
        for site in find_comparisons(one, locate(one)):
            nodes = known.get(site[-4:])
            if site.kind not in (COMPARE, CONTAINS) or site.side == NEITHER or nodes is None:
                continue
            values = [shown(v) for node in nodes for v in value(node)]
            folded = any(isinstance(n, ast.BinOp | ast.Name) for n in nodes)  # __debug__, 1 << 3
            if shown(site.constant) not in values and not folded:
                wrong.append(site)
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("name", ["json.decoder", "tarfile", "email._header_value_parser"])
def test_constants_are_those_of_the_text(name: str) -> None:
    text = inspect.getsource(importlib.import_module(name))
    code = compile(text, "t", "exec")
    assert wrong_constants(text, code) == []
    assert sum(site.side != NEITHER for site in sites_of(code)) > 5
