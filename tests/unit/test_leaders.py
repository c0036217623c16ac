"""Where probes stand: one test for each rule of blocks.py."""

from __future__ import annotations

import email.feedparser
import sys
import textwrap
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from tests.unit.cores import Recording, attached
from tests.unit.rewritten import behind, inner, line_only, named, rewrite_text, steps

from pykcov.instrumentation.unit import Unit
from pykcov.store import SymbolStore


class Program:
    """A text with probes, and a way to see which blocks a call enters."""

    def __init__(self, store: SymbolStore, text: str, by_line: bool = False) -> None:
        self.store, self.text = store, textwrap.dedent(text)
        self.plain, self.code = rewrite_text(text, store, by_line)
        self.names: dict[str, Any] = {"__name__": "program"}
        exec(self.code, self.names)

    def lines(self, function: str) -> list[tuple[int, ...]]:
        """The lines of each block of a function, in the order of the text."""
        return sorted(block.lines for block in self.store.blocks() if block.function == function)

    def texts(self, function: str) -> list[str]:
        """What each block of a function looks like, in the order of the code."""
        out = []
        for block in self.store.blocks():
            if block.function == function:
                lines = self.text.encode().split(b"\n")[block.start_line - 1 : block.end_line]
                lines[-1] = lines[-1][: block.end_column]
                lines[0] = lines[0][block.start_column :]
                out.append(" ".join(b" ".join(lines).decode().split()))
        return out

    def entered(self, expression: str) -> list[tuple[int, ...]]:
        """The lines of the blocks that an expression enters, in order."""
        with attached(Recording()) as recording:
            eval(expression, self.names)
        found = [self.store.lookup(pc) for pc in recording.pcs]
        return [block.lines for block in found if block is not None]


def test_a_straight_line_is_one_block(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(a):
            b = a
            c = [b,

                 a]
            return c
        """,
    )
    assert program.lines("f") == [(3, 4, 6, 7)]
    assert program.texts("f")[0].endswith("c = [b, a] return c")
    assert program.entered("f(1)") == [(3, 4, 6, 7)]


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
    flow = [s.instruction.opname for s in steps(function) if not s.probe]
    first = next(n for n, s in enumerate(steps(function)) if s.probe)
    assert prologue in flow[:first]
    assert flow[first - 1] == "RESUME"


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
    assert len(program.entered("list(g([1, 2, 3]))")) == 1 + 1 + 3 + 3 + 1


def test_a_yield_ends_a_block(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f():
            a = 1
            b = yield a
            c = 2
        """,
    )
    assert program.lines("f") == [(3, 4), (4, 5)]
    assert program.entered("next(f())")[0] == (3, 4)
    assert program.entered("list(f())") == [(3, 4), (4, 5)]


class Waits:
    """Awaits a number of times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __await__(self) -> Generator[None, None, int]:
        for _ in range(self.times):
            yield
        return self.times


def run(coroutine: Any) -> None:
    try:
        while True:
            coroutine.send(None)
    except StopIteration:
        pass


AWAITS = """
async def waits(it):
    a = 1
    b = await it
    c = 2
    async with it as d:
        e = 3
    async for f in it:
        g = 4
    return a

def delegates(it):
    a = 1
    b = yield from it.__await__()
    return a
"""


class Everything(Waits):
    """Something to await, to enter, and to iterate over."""

    async def __aenter__(self) -> None:
        await self

    async def __aexit__(self, *error: object) -> None:
        await self

    def __aiter__(self) -> Everything:
        self.left = 3
        return self

    async def __anext__(self) -> int:
        await self
        self.left -= 1
        if not self.left:
            raise StopAsyncIteration
        return self.left


@pytest.mark.parametrize("function", ["waits", "delegates"])
def test_suspending_leaves_no_trace(store: SymbolStore, function: str) -> None:
    program = Program(store, AWAITS)
    program.names |= {"run": run, "Everything": Everything}
    traces = [program.entered(f"run({function}(Everything({n})))") for n in (0, 1, 7)]
    assert traces[0] == traces[1] == traces[2]
    assert len(traces[0]) > 1


def test_what_follows_an_await_is_a_block(store: SymbolStore) -> None:
    program = Program(store, AWAITS)
    assert (4, 5, 6) in program.lines("waits")
    assert (13, 14) in program.lines("delegates")
    assert (14, 15) in program.lines("delegates")


def test_an_exception_thrown_into_an_await_and_caught_there_leaves_no_trace(
    store: SymbolStore,
) -> None:
    program = Program(
        store,
        """
        async def waits(it):
            a = 1
            await it
            return a

        def thrown(coroutine):
            coroutine.send(None)
            try:
                coroutine.throw(KeyError)
            except StopIteration:
                pass
        """,
    )

    class Catches:
        def __await__(self) -> Generator[None, None, None]:
            try:
                yield
            except KeyError:
                return

    program.names |= {"run": run, "Waits": Waits, "Catches": Catches}
    caught = [lines for lines in program.entered("thrown(waits(Catches()))") if lines[-1] < 7]
    assert caught == program.entered("run(waits(Waits(3)))")


def test_a_block_is_cut_where_it_would_jump_over_lines(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(x):
            g = map(lambda y:
                    y + 1,
                    x)
            def h():
                return g
            return h
        """,
    )
    assert program.lines("f") == [(3,), (3,), (5,), (6,), (8,)]
    assert program.texts("f")[1] == "x"


def test_no_block_claims_a_line_between_that_is_not_its_own(store: SymbolStore) -> None:
    text = Path(email.feedparser.__file__).read_text()
    program = Program(store, text)
    for code in inner(program.plain):
        own = {line for _, _, line in code.co_lines()}
        for lines in program.lines(code.co_qualname):
            assert set(lines) <= own


def test_code_without_a_line_has_no_probe(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(a):
            try:
                return a
            except KeyError as error:
                return error
            finally:
                a.b()
        """,
    )
    blocks: list[list[int | None]] = []
    bare = list[str]()
    for step in steps(named(program.code, "f")):
        line = step.instruction.positions and step.instruction.positions.lineno
        if step.probe and step.instruction.opname == "LOAD_CONST":
            blocks.append([])
        elif not step.probe and blocks:
            blocks[-1].append(line)
            bare += [step.instruction.opname] * (line is None)
    assert "RERAISE" in bare
    assert len(blocks) == len(program.lines("f"))
    assert all(any(lines) for lines in blocks)
    handlers = {s.instruction.opname for s in steps(named(program.code, "f"))} & {"RERAISE"}
    assert not handlers & set(behind(named(program.code, "f")))


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


def test_by_line_cuts_at_each_change_of_line(store: SymbolStore) -> None:
    program = Program(
        store,
        """
        def f(a):
            b = a
            c = [b,
                 a]
            return c
        """,
        by_line=True,
    )
    assert program.entered("f(1)") == [(3,), (4,), (5,), (4,), (6,)]
    assert all(len(lines) == 1 for lines in program.lines("f"))


def test_by_line_shows_where_an_exception_left(store: SymbolStore) -> None:
    text = """
        def f(a):
            b = a
            c = b.missing
            return c

        def g(a):
            try:
                f(a)
            except AttributeError:
                pass
    """
    exact = Program(store, text, by_line=True)
    assert exact.entered("g(1)")[:4] == [(8,), (9,), (3,), (4,)]
    assert (5,) not in exact.entered("g(1)")
    assert (3, 4, 5) in Program(store, text).entered("g(1)")


def test_columns_count_bytes_and_end_behind_the_block(store: SymbolStore) -> None:
    program = Program(store, 'def f(a):\n    return "äöü" + a\n')
    assert program.texts("f") == ['return "äöü" + a']


def test_without_columns_a_block_ends_with_its_line() -> None:
    source = b"def f(a):\n    b = a   \n    return b\n"
    plain = compile(source, "/no/such/file.py", "exec")
    consts = (line_only(c) if isinstance(c, CodeType) else c for c in plain.co_consts)
    unit = Unit("/no/such/file.py", source, plain.replace(co_consts=tuple(consts)), 0)
    ((_, *span),) = unit.spans[1]
    assert span == [2, 0, 3, len("    return b")]
