"""Code with probes is the plain code and nothing else: jumps, tables, constants, depth."""

from __future__ import annotations

import dis
from types import CodeType

import pytest
from tests.unit.rewritten import check_rewritten, inner, named, rewrite_text, steps
from tests.unit.running import run, same

from pykcov.probe import origin, original
from pykcov.symbols.store import SymbolStore


def prefixes(code: CodeType) -> int:
    """The most EXTENDED_ARG that a jump has."""
    return max(
        ((s.instruction.offset - s.begins) // 2 for s in steps(code) if is_jump(s.instruction)),
        default=0,
    )


def is_jump(instruction: dis.Instruction) -> bool:
    return instruction.opcode in dis.hasjrel


def padded(template: str, statements: int) -> str:
    """A program with so many statements, each two blocks with a probe of their own, at the gap."""
    body = "".join(f"            if n > a: n += {n % 200}\n" for n in range(statements))
    return template.replace("            GAP\n", body)


FORWARD = """
def f(a):
    n = 0
    for i in range(2):
        if i:
            GAP
    return n
"""
BACKWARD = """
def f(a):
    n = 0
    while True:
        n += 1
        try:
            GAP
            if n > 100:
                break
        except KeyError:
            continue
        finally:
            n += 1
    return n
"""
TRIED = """
def f(a):
    n = 0
    for i in range(3):
        try:
            GAP
            [1][i]
        except IndexError as e:
            n += len(str(e))
        else:
            n -= 1
    return n
"""
SHAPES = [FORWARD, BACKWARD, TRIED]
NAMES = ["forward", "backward", "tried"]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_jumps_become_wide_around_255_units(store: SymbolStore, shape: str) -> None:
    """Sizes at which a jump is just short enough, and needs a prefix for the probes alone."""
    grown = 0
    for statements in range(8, 34):
        plain, new = rewrite_text(padded(shape, statements), store)
        check_rewritten(plain, new)
        grown += prefixes(named(new, "f")) > prefixes(named(plain, "f"))
        for a in (0, 7):
            assert run(new, f"f({a})") == run(plain, f"f({a})")
    assert grown > 2


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES[:2], ids=NAMES[:2])
def test_jumps_beyond_65535_units(store: SymbolStore, shape: str) -> None:
    few, more = (len(named(compile(padded(shape, n), "f", "exec"), "f").co_code) for n in (9, 99))
    plain, new = rewrite_text(padded(shape, 2 * 65_535 * 90 // (more - few) - 50), store)
    assert prefixes(named(new, "f")) == 2
    assert prefixes(named(plain, "f")) == 1
    check_rewritten(plain, new)
    assert run(new, "f(77)") == run(plain, "f(77)")


@pytest.mark.slow
def test_a_wider_jump_may_make_another_wider(store: SymbolStore) -> None:
    """Nested loops of which each jumps back over the other's growing jump."""
    found = set()
    for statements in range(8, 44, 4):
        body = "".join(f"                if a: n += {n}\n" for n in range(statements))
        text = (
            "def f(a):\n    n = 0\n    for i in range(2):\n        for j in range(2):\n"
            f"            for k in range(2):\n{body}    return n\n"
        )
        plain, new = rewrite_text(text, store)
        check_rewritten(plain, new)
        assert run(new, "f(1)") == run(plain, "f(1)")
        found.add(sum(prefixes_of(new)) - sum(prefixes_of(plain)))
    assert len(found) > 1


def prefixes_of(code: CodeType) -> list[int]:
    function = named(code, "f")
    return [
        (s.instruction.offset - s.begins) // 2 for s in steps(function) if is_jump(s.instruction)
    ]


def with_constants(number: int) -> str:
    values = ", ".join(f"{n}.5" for n in range(number))
    return f"def f(a):\n    if a:\n        a = [a, {values}]\n    return a\n"


@pytest.mark.once
@pytest.mark.parametrize("constants", [250, 254, 255, 256, 257, 600])
def test_more_constants_than_one_byte_counts(store: SymbolStore, constants: int) -> None:
    plain, new = rewrite_text(with_constants(constants), store)
    check_rewritten(plain, new)
    assert run(new, "f(1)") == run(plain, "f(1)")


@pytest.mark.once
@pytest.mark.slow
def test_more_constants_than_two_bytes_count(store: SymbolStore) -> None:
    plain, new = rewrite_text(with_constants(65540), store)
    probes = [s for s in steps(named(new, "f")) if s.probe and s.instruction.opname == "LOAD_CONST"]
    assert {(s.instruction.offset - s.begins) // 2 for s in probes} == {2}
    assert run(new, "f(1)") == run(plain, "f(1)")


def test_constants_of_the_program_stay_where_they_were(store: SymbolStore) -> None:
    plain, new = rewrite_text(
        'def f(a):\n    """Doc."""\n    return (1, "x") if a else b"y"\n', store
    )
    before, after = named(plain, "f"), named(new, "f")
    assert after.co_consts[: len(before.co_consts)] == before.co_consts
    assert run(new, "f.__doc__").result == "'Doc.'"


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("def f(a):\n    return [*a, {**{1: 2}}, f'{a!r:>{9}}', *[x for x in a if x]]\n", "f([1])"),
        ("def f(a):\n    return f(a - 1) + (a if a > 2 else g(a, *[a], k=a)) if a else 0\n"
         "def g(a, b, *, k): return a + b + k\n", "f(5)"),
        ("def f(a):\n    with a as b, open('/dev/null') as c:\n        return b\n", "f(1)"),
    ],
    ids=["displays", "calls", "with"],
)  # fmt: skip
def test_a_probe_may_stand_on_a_full_stack(store: SymbolStore, text: str, call: str) -> None:
    plain, new = rewrite_text(text, store)
    assert check_rewritten(plain, new) > 1
    same(plain, new, call)


def test_the_plain_code_comes_back(store: SymbolStore) -> None:
    plain, new = rewrite_text("def f(a):\n    return [lambda: a for a in a]\n", store)
    for before, after in zip(inner(plain), inner(new), strict=True):
        assert after is not before
        assert original(after) is before
        assert original(before) is before
        assert origin(before) is None


def test_what_the_program_replaced_in_its_code_stays_replaced(store: SymbolStore) -> None:
    plain, new = rewrite_text("def f(a):\n    return a\n", store)
    renamed = named(new, "f").replace(co_name="g", co_firstlineno=9)
    back = original(renamed)
    assert (back.co_name, back.co_firstlineno) == ("g", 9)
    assert origin(back) is None
    assert back == named(plain, "f").replace(co_name="g", co_firstlineno=9)


def test_all_else_of_a_code_object_is_as_before(store: SymbolStore) -> None:
    text = """
        async def f(a, /, b, *c, d, **e):
            def g():
                return a, b
            yield g, await c
    """
    plain, new = rewrite_text(text, store)
    for before, after in zip(inner(plain), inner(new), strict=True):
        for name in dir(before):
            if "co_" in name and name not in ("co_lnotab", "_co_code_adaptive"):
                asked, told = getattr(after, name), getattr(before, name)
                if callable(asked):
                    asked, told = list(asked()), list(told())
                assert asked == told, name
