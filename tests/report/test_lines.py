"""A line's hits are how often it was begun: as sys.settrace has it, but for what is listed here."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent, indent
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.report.made import Hits, hits

from pykcov.report.lines import hits_of_lines
from pykcov.report.statements import statements
from pykcov.symbols.blocks import FileSymbols


def line_events(code: CodeType) -> Hits:
    """How often each line was begun, as the interpreter tells trace functions."""
    found: Counter[int] = Counter()

    def local(frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            found[frame.f_lineno] += 1
        return local

    def calls(frame: FrameType, _event: str, _arg: Any) -> Any:
        return local if frame.f_code.co_filename == code.co_filename else None

    previous = sys.gettrace()
    sys.settrace(calls)
    try:
        exec(code, {"__name__": "subject"})
    finally:
        sys.settrace(previous)
    return dict(found)


def both(text: str) -> tuple[Hits, Hits]:
    """Line events and hits of a program's lines."""
    with TemporaryDirectory(prefix="pykcov-lines-") as folder:
        path = Path(folder) / "subject.py"
        path.write_text(text, encoding="utf-8")
        return line_events(compile(text, str(path), "exec", dont_inherit=True)), hits(path)


# -- what is as the interpreter says --------------------------------------------------------------

SAME = {
    "if": """
        def f(x):
            if x:
                y = 1
            else:
                y = 2
            return y

        f(0), f(1), f(2)
        """,
    "the last statement of a function": """
        def f(x):
            if x:
                x = 2

        f(0), f(1)
        """,
    "for": """
        def f(n):
            for i in range(n):
                i += 1

        f(0), f(3), f(4)
        """,
    "for, on one line": """
        for i in range(3): i += 1
        """,
    "while": """
        n = 5
        while n > 0:
            n -= 1
        """,
    "while True": """
        n = 5
        while True:
            n -= 1
            if n < 0:
                break
        """,
    "continue": """
        for i in range(6):
            if i % 2:
                continue
            i += 1
        """,
    "finally": """
        def f(x):
            try:
                y = 1 / x
            finally:
                z = 1
                for i in range(2):
                    z += i
            return z

        for x in (1, 2, 0, 3):
            try:
                f(x)
            except ZeroDivisionError:
                x = 7
        """,
    "copies of a handler, one behind the other": """
        def f(n):
            try:
                if n % 2:
                    return n
            finally:
                try:
                    n = {}[n]
                except KeyError:
                    n += 1
                except (ValueError, TypeError) as e:
                    n += 2
            return n

        f(0), f(1), f(2), f(4)
        """,
    "a handler of what it is not": """
        def f(n):
            try:
                try:
                    n = {}[n]
                except ValueError:
                    n += 1
                except TypeError: n += 2
            except (KeyError, TypeError) as error: n = 3
            return n

        f(0), f(1), f([])
        """,
    "a generator": """
        def f(n):
            for i in range(n):
                yield i
            x = 1
            yield x

        list(f(3)), list(f(0))
        """,
}

if sys.version_info >= (3, 12):  # 3.11 comes back to the last clause, to raise what is left
    SAME["except*"] = """
        def f(*n):
            try:
                raise ExceptionGroup("", n)
            except* ValueError:
                x = 1
            except* TypeError as e:
                x = 2

        f(ValueError()), f(TypeError()), f(ValueError(), TypeError())
        """


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_a_line_is_begun_as_often_as_a_trace_function_hears(text: str) -> None:
    events, found = both(dedent(text))
    assert found == events


# -- what is not, on purpose ----------------------------------------------------------------------

# name: the program, and by line its hits and its line events, where they differ.
OTHER: dict[str, tuple[str, dict[int, tuple[int, int]]]] = {
    "a call comes back to its first line": (
        """\
        x = dict(
            a=1,
            b=2,
        )
        """,
        {1: (1, 2)},
    ),
    "a with comes back to its line": (
        """\
        with memoryview(b"") as x:
            y = 1
        """,
        {1: (1, 2)},
    ),
    "the rounds of a generator expression": (
        "x = sum(n for n in range(5))\n",
        {1: (1, 7)},
    ),
    "a loop on one line that ends with its test": (
        """\
        for k in 0, 3, 2:
            while k: k -= 1
        """,
        {2: (8, 6)} if sys.version_info < (3, 14) else {},  # since then the test has one copy
    ),
    "a loop left early begins its next round no more": (
        """\
        for i in range(5):
            if i == 3:
                break
        """,
        {1: (5, 4)},
    ),
}


@pytest.mark.parametrize(("text", "expected"), OTHER.values(), ids=OTHER)
def test_what_trace_functions_count_otherwise(
    text: str, expected: dict[int, tuple[int, int]]
) -> None:
    events, found = both(dedent(text))
    assert events.keys() == found.keys()
    assert {n: (found[n], events[n]) for n in found if found[n] != events[n]} == expected


def test_without_statements_a_line_has_what_was_executed_most() -> None:
    assert statements(b"def") is None
    assert statements(b"\0") is None
    spans = ((0, 1, 9, 1, 10), (0, 1, 4, 1, 5), (0, 2, 4, 2, 5), (0, 1, 9, 1, 10))
    symbols = FileSymbols("", "", 1, 0, "", ("<module>",), spans, (1, 2))
    hits = {0: 2, 1: 5, 2: 5, 3: 2}
    assert hits_of_lines(symbols, hits) == {1: 5, 2: 5}
    assert hits_of_lines(symbols, hits, statements(b"for x in y:\n    z")) == {1: 5, 2: 5}


def test_what_is_wrong_with_a_text_is_not_a_reports_affair() -> None:
    found = statements(b"'\\d'\nfor x in y: 1 is 1\n")
    assert found is not None
    assert [one.line for one in found] == [1, 2, 2]


# -- programs that nobody thought of --------------------------------------------------------------

STATEMENTS = st.sampled_from(["n += 1", "n -= 2", "n = n % 7 if n else 3"])
TESTS = st.sampled_from(["n % 2", "n > 3 and n < 90", "n % 3 or n % 5", "n"])


def compound(bodies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Statements around bodies."""
    inner = bodies.map(lambda body: indent(body, "    "))
    return st.one_of(
        st.builds("if {}:\n{}".format, TESTS, inner),
        st.builds("if {}:\n{}\nelse:\n{}".format, TESTS, inner, inner),
        st.builds("for i in range({}):\n{}".format, st.integers(0, 3), inner),
        st.builds("k{0} = {0}\nwhile k{0} > 0:\n    k{0} -= 1\n{1}".format,
                  st.integers(0, 3), inner),
        st.builds("try:\n{}\nexcept KeyError:\n{}".format, inner, inner),
        st.builds("try:\n{}\n    n = {{}}[n]\nexcept KeyError:\n{}".format, inner, inner),
        st.builds("try:\n{}\nfinally:\n    n += 1\n{}\n    n += 2".format, inner, inner),
        st.builds("for i in range(3):\n{}\n    if n % 2:\n        break".format, inner),
        st.builds("for i in range(3):\n{}\n    if {}:\n        continue\n{}".format,
                  inner, TESTS, inner),
        st.builds("if {}:\n{}\n    return n".format, TESTS, inner),
    ).flatmap(lambda one: st.builds("\n".join, st.tuples(STATEMENTS, st.just(one))))  # fmt: skip


PROGRAMS = st.recursive(STATEMENTS, compound, max_leaves=6)


def lines_with(text: str, word: str) -> set[int]:
    return {n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith(word)}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* in a 'finally' block:SyntaxWarning")  # since 3.14
@settings(max_examples=25)
@given(PROGRAMS)
def test_any_program(body: str) -> None:
    # From 3.14 on, settrace hears no line behind a `break`.
    assume("break" not in body or sys.version_info < (3, 14))
    text = f"def f(n):\n{indent(body, '    ')}\n    return n\n\n\nf(0)\nf(1)\nf(2)\nf(4)\n"
    events, found = both(text)
    assert found.keys() == events.keys()
    loops = lines_with(text, "for ")
    for line in found:
        if line in loops:
            # Each time that it was left early, by break or return, is one more.
            assert events[line] <= found[line] <= 2 * events[line], (line, text)
        else:
            assert found[line] == events[line], (line, text)
