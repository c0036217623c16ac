"""A yield ends a block, and how often an await was suspended leaves no trace."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from tests.unit.program import Program

from pykcov.symbols.store import SymbolStore


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
