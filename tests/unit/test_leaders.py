"""Where probes stand: a block begins where control can arrive."""

from __future__ import annotations

import email.feedparser
import sys
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest
from tests.unit.program import Program
from tests.unit.rewritten import behind, inner, named, rewrite_text, steps

from pykcov.symbols.store import SymbolStore


def test_a_branch_begins_a_block_on_either_side(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(a):
            if a:
                b = 1
            else:
                b = 2
            return b
        """,
    )
    assert program.entered("f(1)")[:2] == [(3,), (4,)]
    assert program.entered("f(0)")[0] == (3,)
    assert 6 in program.entered("f(0)")[1]
    assert 4 not in {line for lines in program.entered("f(0)") for line in lines}


def test_halves_of_a_condition_are_blocks(store: SymbolStore) -> None:
    program = Program(store, "def f(a, b): return a and b")
    assert len(program.entered("f(0, 1)")) < len(program.entered("f(1, 1)"))


@pytest.mark.parametrize(
    ("text", "prologue"),
    [
        ("def f(a):\n return lambda: a", "MAKE_CELL"),
        ("def g(a):\n def f():\n  return a\n return f\nf = g(1)", "COPY_FREE_VARS"),
        ("def f(a):\n yield a", "RETURN_GENERATOR"),
        ("async def f(a):\n return a", "RETURN_GENERATOR"),
    ],
)
def test_the_first_probe_stands_behind_the_prologue(
    store: SymbolStore, text: str, prologue: str
) -> None:
    _, code = rewrite_text(text, store)
    (function,) = [c for c in inner(code) if c.co_name == "f"]
    flow = [s.instruction.opname for s in steps(function)]
    first = next(n for n, s in enumerate(steps(function)) if s.probe)
    assert prologue in flow[:first]
    assert "RESUME" in flow[:first]
    assert set(flow[flow.index("RESUME") + 1 : first]) <= {"LOAD_FAST"}  # placement.py


def test_no_block_begins_where_the_interpreter_jumps_over(store: SymbolStore) -> None:
    text = Path(email.feedparser.__file__).read_text() + textwrap.dedent(
        """
        async def everything(a):
            for x in a:
                for y in x:
                    await y
            async for z in a:
                pass
            async with a as b:
                yield b
            return
        """
    )
    _, code = rewrite_text(text, store)
    landing = {"END_FOR", "END_SEND", "END_ASYNC_FOR", "RESUME", "SEND", "CLEANUP_THROW"}
    for function in inner(code):
        assert not landing & set(behind(function))
        for one, two in pairwise(steps(function)):
            if one.instruction.opname == "END_FOR" and sys.version_info[:2] == (3, 13):
                assert (two.instruction.opname, two.probe) == ("POP_TOP", False)


def test_the_step_of_a_for_loop_has_no_probe(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(a):
            for x in a:
                x + 1
            return a

        def g(a):
            return (x for x in a)
        """,
    )
    assert "FOR_ITER" not in behind(named(program.code, "f"))
    assert program.entered("f([1, 2, 3])").count((3,)) == 1
    assert len(program.entered("f([1, 2, 3])")) == 5
    # Since 3.15 a generator expression begins with the step: jumps go behind the first probe.
    assert len(program.entered("list(g([1, 2, 3]))")) == 1 + 1 + 3 + 3 + 1


def test_a_lone_jump_is_no_block(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(a):
            for x in a:
                if x: x += 1
        """,
    )
    assert not {"JUMP_BACKWARD", "JUMP_FORWARD"} & set(behind(named(program.code, "f")))


def test_a_jump_on_a_line_of_its_own_is_a_block(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(a):
            for x in a:
                if x:
                    continue
                x += 1
        """,
    )
    assert (5,) in program.entered("f([1])")
    assert (5,) not in program.entered("f([0])")
