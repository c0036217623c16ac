"""Pruned: fewer probes tell of the same blocks, as often as all probes do."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import tempfile
import textwrap
from collections import Counter
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.cores import Recording, attached
from tests.unit.programs import programs
from tests.unit.rewritten import COMPARED, inner, rewrite_text
from tests.unit.running import same

from pykcov.instrumentation.options import EXACT, Options
from pykcov.probe import Comparison, Instead, Probe, Recorder, attach, detach, running
from pykcov.reader.comparisons import records
from pykcov.symbols.blocks import number_of
from pykcov.symbols.store import SymbolStore

PRUNED = Options(prune=True)
PRUNED_COMPARED = Options(prune=True, comparisons=True)
EXAMPLES = 400 if os.environ.get("PYKCOV_SOAK") else 20
STORE = SymbolStore(Path(tempfile.mkdtemp(prefix="pykcov-test-")) / "symbols.sqlite")


def run(code: CodeType, recorder: Recorder) -> None:
    """Execute a program, whatever it raises."""
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception)
    attach(recorder)
    try:
        with quiet[0], quiet[1]:
            exec(code, {"__name__": "subject"})
    finally:
        detach()


def recorded(code: CodeType) -> list[int]:
    """The PCs that running it records."""
    recording = Recording(1 << 20)
    run(code, recording.recorder)
    return recording.pcs


def counts(code: CodeType, store: SymbolStore) -> dict[int, int]:
    """How often each block was executed, by its number in the file, as reports have it."""
    pcs = recorded(code)
    first, symbols = store.file_of(next(c.pc for c in probes(code))) or (0, None)
    assert symbols is not None
    return symbols.with_implied(Counter(number_of(pc) - first for pc in pcs))


def probes(code: CodeType) -> list[Probe | Instead]:
    constants = [c for each in inner(code) for c in running(each).co_consts]
    return [c for c in constants if isinstance(c, Probe | Instead)]


def check(text: str, store: SymbolStore) -> tuple[int, int]:
    """Assert that both ways tell the same; return how many records they took."""
    _, exact = rewrite_text(text, store, EXACT)
    _, pruned = rewrite_text(text, store, PRUNED)
    assert counts(pruned, store) == counts(exact, store), text
    return len(recorded(pruned)), len(recorded(exact))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_any_program(text: str) -> None:
    fewer, all_of_them = check(text, STORE)
    assert fewer <= all_of_them


def compared(code: CodeType) -> list[tuple[int, int, int, int]]:
    """What running it records of comparisons; the PCs from the text's first one on."""
    area = mmap.mmap(-1, 1 << 23)
    recording = Recorder(area, comparisons=True)
    run(code, recording)
    assert not recording.dropped
    sites = [
        c.pc for each in inner(code) for c in running(each).co_consts if isinstance(c, Comparison)
    ]
    first = min(sites, default=0)
    return [(kind, a, b, pc - first) for kind, a, b, pc in records(area)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs)
def test_comparisons_of_any_program(text: str) -> None:
    """With both options, each mode records what it does with its own option alone."""
    both = rewrite_text(text, STORE, PRUNED_COMPARED)[1]
    assert counts(both, STORE) == counts(rewrite_text(text, STORE, EXACT)[1], STORE)
    assert len(recorded(both)) == len(recorded(rewrite_text(text, STORE, PRUNED)[1]))
    alone = compared(rewrite_text(text, STORE, COMPARED)[1])
    assert compared(both) == alone


def test_what_a_pruned_block_compares(store: SymbolStore) -> None:
    """The comparison stands in a block that has a stub, and raises."""
    text = """
    def f(a, b):
        try:
            if a < b:
                return 1
            else:
                return 2
        except TypeError:
            return a == b
    result = [f(3, 4), f(4, 3), f("x", 3), f("x", "y")]
    """
    _, both = rewrite_text(text, store, PRUNED_COMPARED)
    _, plain = rewrite_text(text, store, EXACT)
    assert counts(both, store) == counts(plain, store)
    assert len(recorded(both)) < len(recorded(plain))
    found = compared(both)
    assert found == compared(rewrite_text(text, store, COMPARED)[1])
    assert [(a, b) for _, a, b, _ in found] == [(3, 4), (4, 3), (ord("x"), ord("y")), (1, 1)]


# name: the body of f(n), and the lines of the first blocks that f(1) records where probes are
# pruned, and where they are not.
CASES = {
    "both branches tell of the test": (
        """
        if n < 2:
            n += 1
        else:
            n -= 1
        """,
        [3, 6],
        [2, 3, 6],
    ),
    "an exception in the test": (
        """
        if [] < n:
            n += 1
        else:
            n -= 1
        """,
        [2],
        [2],
    ),
    "an exception in the test that is handled": (
        """
        try:
            if [] < n:
                n += 1
            else:
                n -= 1
        except TypeError:
            n = 7
        """,
        [2, 7],
        [2, 7],
    ),
    "a call may open or close a trace": (
        """
        if abs(n):
            n += 1
        else:
            n -= 1
        """,
        [2, 3, 6],
        [2, 3, 6],
    ),
    "what cannot raise tells of what comes next": (
        """
        if abs(n):
            x = 1
        else:
            x = 2
        abs(x)
        """,
        [2, 3],
        [2, 3, 6],
    ),
    "what may raise does not": (
        """
        if abs(n):
            n += 1
        else:
            n -= 1
        abs(n)
        """,
        [2, 3, 6],
        [2, 3, 6],
    ),
}


@pytest.mark.parametrize(("body", "pruned", "exact"), CASES.values(), ids=CASES)
def test_what_is_left_out(
    store: SymbolStore, body: str, pruned: list[int], exact: list[int]
) -> None:
    text = "def f(n):" + textwrap.indent(textwrap.dedent(body), "    ") + "    return abs(n) + 1\n"
    for options, lines in ((EXACT, exact), (PRUNED, pruned)):
        names: dict[str, Any] = {}
        exec(rewrite_text(text, store, options)[1], names)
        with attached(Recording()) as recording, contextlib.suppress(TypeError):
            names["f"](1)
        found = [store.lookup(pc) for pc in recording.pcs]
        assert [block.start_line for block in found if block is not None][: len(lines)] == lines
    check(text + "try:\n    f(1)\nexcept TypeError:\n    pass\n", store)


@pytest.mark.slow
def test_a_long_chain(store: SymbolStore) -> None:
    chain = "".join(f"    elif n == {n}:\n        return {n}\n" for n in range(700))
    check(f"def f(n):\n    if n < 0:\n        return n\n{chain}\n\nf(699), f(5), f(-1)\n", store)


def test_a_stub_hides_itself(store: SymbolStore) -> None:
    text = """
        import sys, traceback

        def f(d):
            with memoryview(b""):
                for x in range(3):
                    if d[
                        x
                    ]:
                        d = {}
                    else:
                        d = d
            return d

        def g(d):
            try:
                return f(d)
            except KeyError as error:
                print(sys.exc_info()[2].tb_next.tb_lasti > 0)
                raise ValueError("x") from error

        for d in ({}, {0: 0}, {0: 1, 1: 1}, [1, 2, 3], [0, 0, 0], 5):
            try:
                print(g(d))
            except Exception:
                traceback.print_exc(file=sys.stdout)
        """
    plain, pruned = rewrite_text(text, store, PRUNED)
    assert sum(len(set(probes(c))) for c in inner(pruned)) > 5
    same(plain, pruned)
    check(text, store)


def test_a_generator_that_is_thrown_into(store: SymbolStore) -> None:
    text = """
        def f(n):
            while True:
                try:
                    if n > 2:
                        n -= 1
                    else:
                        n += 1
                    yield n
                    if n == [].x:
                        n = 3
                    else:
                        n = 4
                except AttributeError:
                    n += 5
                except KeyError:
                    if n:
                        yield 8
                    else:
                        yield 9

        g = f(1)
        next(g), next(g), g.throw(KeyError()), next(g)
        g.close()
        """
    plain, pruned = rewrite_text(text, store, PRUNED)
    same(plain, pruned)
    check(text, store)
