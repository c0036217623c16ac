"""What a block covers: its lines, its columns, and where it is cut."""

from __future__ import annotations

import email.feedparser
from pathlib import Path
from types import CodeType

from tests.unit.program import Program
from tests.unit.rewritten import inner, line_only, named, steps

from pykcov.instrumentation.options import Options
from pykcov.instrumentation.unit import Unit
from pykcov.symbols.store import SymbolStore


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
        options=Options(by_line=True),
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
    exact = Program(store, text, options=Options(by_line=True))
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
