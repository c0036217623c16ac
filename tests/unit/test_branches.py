"""Branches: which way each went, told by as few probes as can be, and seen by nobody."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.programs import programs
from tests.unit.rewritten import inner, rewrite_text
from tests.unit.running import run, same
from tests.unit.test_pruned import counts, probes

from pykcov.instrumentation.options import Options
from pykcov.symbols.blocks import FileSymbols
from pykcov.symbols.store import SymbolStore

BRANCHED = Options(by_line=True, branch=True)
BRANCHED_PRUNED = Options(by_line=True, branch=True, prune=True)
EXAMPLES = 400 if os.environ.get("PYKCOV_SOAK") else 20
STORE = SymbolStore(Path(tempfile.mkdtemp(prefix="pykcov-test-")) / "symbols.sqlite")

Arcs = dict[tuple[int, int], int]


def symbols_of(code: CodeType, store: SymbolStore) -> FileSymbols:
    found = store.file_of(probes(code)[0].pc)
    assert found is not None
    return found[1]


def arcs(code: CodeType, store: SymbolStore) -> Arcs:
    """How often branches went from a line to another, or out of a function."""
    found: Counter[tuple[int, int]] = Counter()
    hits = counts(code, store)
    for number, start, end in symbols_of(code, store).arcs:
        found[start, end] += hits.get(number, 0)
    return dict(found)


# name: the text; and the arcs of its branches, with how often they are taken.
CASES: dict[str, tuple[str, Arcs]] = {
    "an if without else": (
        """
        def f(n):
            if n:
                n += 1
            return n
        f(0), f(0), f(1)
        """,
        {(3, 4): 1, (3, 5): 2},
    ),
    "an if that ends a function": (
        """
        def f(n):
            if n and n < 3:
                n += 1
        f(0), f(0), f(1), f(5)
        """,
        {(3, 4): 1, (3, -2): 3},
    ),
    "an if that ends a loop's body": (
        """
        for n in 0, 1, 2, 3, 0:
            if n > 1:
                n += 1
        n = 5
        """,
        {(2, 3): 5, (2, 5): 1, (3, 4): 2, (3, 2): 3},
    ),
    "a loop with break": (
        """
        def f(n):
            for i in range(3):
                if i == n:
                    break
            return n
        f(1), f(5), f(0)
        """,
        {(3, 4): 6, (3, 6): 1, (4, 5): 2, (4, 3): 4},
    ),
    "while": (
        """
        def f(n):
            while n > 0:
                n -= 1
                if n == 7: break
            return n
        f(3), f(0), f(9)
        """,
        {(3, 4): 5, (3, 6): 2, (5, 3): 4, (5, 6): 1},
    ),
    "all in one line": (
        """
        def f(n):
            if n: return 1
            while n < 3: n += 1
            for i in range(n): n += i
            if n > 5: raise KeyError
        try:
            f(0), f(1)
        except KeyError:
            f(1)
        """,
        {(3, -2): 1, (3, 4): 1, (4, 5): 1, (5, 6): 1, (6, -2): 1},
    ),
    "match": (
        """
        def f(n):
            match n:
                case (
                    1
                    | 2
                ):
                    return 1
                case [
                    a,
                    b,
                ] if (
                    a
                    or b
                ):
                    n = a
                case 9:
                    pass
            return n
        f(1), f(2), f(3), f([0, 0]), f([0, 1]), f([1, 2]), f(9)
        """,
        {(4, 8): 2, (4, 9): 5, (9, 16): 2, (9, 17): 3, (17, 18): 1, (17, 19): 2},
    ),
    "conditions over lines": (
        """
        def f(a, b):
            if (
                a
                and b
            ) or (
                b == 2
            ):
                return 1
            return 2
        f(0, 0), f(1, 1), f(0, 2), f(1, 0)
        """,
        {(3, 9): 2, (3, 10): 2},
    ),
    "async for": (
        """
        async def g(n):
            for i in range(n):
                yield i
        async def f(n):
            async for i in g(n):
                if i == 2:
                    break
            return n
        for n in 0, 2, 5:
            try:
                f(n).send(None)
            except StopIteration:
                pass
        """,
        {(3, 4): 5, (3, -2): 2, (6, 7): 5, (6, 9): 2, (7, 8): 1, (7, 6): 4,
         (10, 11): 3, (10, -1): 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("options", [BRANCHED, BRANCHED_PRUNED], ids=["all", "pruned"])
@pytest.mark.parametrize("name", CASES)
def test_branches(name: str, options: Options, store: SymbolStore) -> None:
    text, expected = CASES[name]
    plain, new = rewrite_text(text, store, options)
    assert arcs(new, store) == expected
    same(plain, new)


def test_a_block_tells_where_it_can(store: SymbolStore) -> None:
    """A branch whose ways have blocks of their own has no further probes."""
    text = """
    def f(n):
        if n:
            n += 1
        else:
            n -= 1
        while n:
            n -= 1
        return n
    """
    _, new = rewrite_text(text, store, BRANCHED)
    symbols = symbols_of(new, store)
    assert len(symbols.spans) == symbols.blocks
    assert {arc[1:] for arc in symbols.arcs} == {(3, 4), (3, 6), (7, 8), (7, 9)}


def test_edges_of_a_long_function(store: SymbolStore) -> None:
    """Jumps to behind the code, and back, need room for their arguments."""
    body = "".join(
        f"        x = n + {n}\n        if x < {n}:\n            x = n\n" for n in range(700)
    )
    text = (
        f"def f(n):\n    for i in 1, 2:\n        if i == n: break\n{body}    return n\nf(2), f(3)\n"
    )
    plain, new = rewrite_text(text, store, BRANCHED)
    same(plain, new)
    found = arcs(new, store)
    assert found[3, 4] == 3
    assert found[3, 2104] == 1
    assert found[2, 2104] == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("options", [BRANCHED, BRANCHED_PRUNED], ids=["all", "pruned"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_a_program_does_the_same(options: Options, text: str) -> None:
    plain, new = rewrite_text(text, STORE, options)
    same(plain, new)
    blocks = rewrite_text(text, STORE, Options(by_line=True, prune=options.prune))[1]
    found, before = counts(new, STORE), counts(blocks, STORE)
    number = symbols_of(new, STORE).blocks
    assert {block: n for block, n in found.items() if block < number} == before


def lines(code: CodeType) -> list[tuple[str, int]]:
    """The lines that sys.monitoring tells."""
    monitoring: Any = getattr(sys, "monitoring")  # noqa: B009  not in 3.11's typeshed
    mine = {each.co_qualname for each in inner(code)}
    found: list[tuple[str, int]] = []

    def line(where: CodeType, number: int) -> None:
        if where.co_filename == code.co_filename and where.co_qualname in mine:
            found.append((where.co_qualname, number))

    monitoring.use_tool_id(4, "test")
    monitoring.register_callback(4, monitoring.events.LINE, line)
    monitoring.set_events(4, monitoring.events.LINE)
    try:
        run(code)
    finally:
        monitoring.set_events(4, 0)
        monitoring.free_tool_id(4)
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no sys.monitoring")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_a_program_is_monitored_the_same(text: str) -> None:
    plain, new = rewrite_text(text, STORE, BRANCHED)
    assert lines(new) == lines(plain) != []
