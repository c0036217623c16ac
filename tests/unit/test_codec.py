"""The three byte strings: what is read, what an insertion moves, and what it leaves."""

from __future__ import annotations

import dis
import email.message
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import CodeType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rewritten import inner, line_only

from pykcov.instrumentation.bytecode.codec import (
    ExceptionHandler,
    Shift,
    decode,
    handlers,
    insert_locations,
    move_handlers,
    write_handlers,
)

NOP = dis.opmap["NOP"]


def compiled(text: str) -> CodeType:
    return compile(textwrap.dedent(text), "<text>", "exec")


def wide() -> CodeType:
    """Code with long jumps, many constants, lines far apart and columns beyond 255."""
    body = "\n".join(f"        a = a + {n}.5" for n in range(300))
    return compiled(
        f"def f(a):\n    while a < 9:\n{body}\n"
        + "\n" * 300
        + f"    return {' ' * 300}a.b(\n        {'a + ' * 90}a)\n"
    )


CODES = [
    *inner(wide()),
    *inner(compile(Path(email.message.__file__).read_text(), "<email>", "exec")),
]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.co_qualname)
def test_decode_reads_what_dis_reads(code: CodeType) -> None:
    read = iter(decode(code))
    start = end = 0
    for expected in dis.get_instructions(code):
        if expected.opname == "EXTENDED_ARG":
            continue
        i = next(read)
        assert (i.start, i.at, i.op) == (end, expected.offset // 2, expected.opcode)
        assert expected.arg is None or i.arg == expected.arg
        assert i.target == (expected.argval // 2 if i.op in dis.hasjrel else -1)
        start, end = i.at, i.end
    assert next(read, None) is None
    assert start < end == len(code.co_code) // 2


insertions = st.dictionaries(st.integers(0, 400), st.integers(1, 20), max_size=30)


@pytest.mark.slow
@given(insertions)
def test_a_label_is_where_the_insertion_begins(added: dict[int, int]) -> None:
    shift = Shift(added)
    for offset in range(402):
        before = sum(units for at, units in added.items() if at < offset)
        assert shift.label(offset) == offset + before


def test_locations_without_insertions_stay_as_they_are() -> None:
    for code in CODES:
        assert insert_locations(code.co_linetable, {}) == code.co_linetable


@pytest.mark.slow
@given(st.data())
def test_inserted_units_have_the_location_of_what_follows(data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(CODES))
    starts = [i.start for i in decode(code)]
    chosen = data.draw(st.lists(st.sampled_from(starts), unique=True, max_size=12))
    added = {offset: data.draw(st.integers(1, 20)) for offset in chosen}
    positions = list(code.co_positions())
    expected = []
    for offset, position in enumerate(positions):
        expected += [position] * (added.get(offset, 0) + 1)
    bare = bytes([NOP, 0]) * len(expected)
    new = code.replace(
        co_code=bare,
        co_linetable=insert_locations(code.co_linetable, added),
        co_exceptiontable=b"",
    )
    assert list(new.co_positions()) == expected


def forms(table: bytes) -> set[int]:
    """The forms of entry that a line table has."""
    return {byte >> 3 & 15 for byte in table if byte & 0x80}


def test_the_codes_have_all_forms_of_location() -> None:
    found = set[int]()
    for code in CODES:
        found |= forms(code.co_linetable)
    assert found >= {0, 10, 11, 12, 14, 15}
    assert any(form < 10 and form > 0 for form in found)


def test_lines_without_columns() -> None:
    code = line_only(CODES[1])
    lines = [position[0] for position in code.co_positions()]
    assert lines == [position[0] for position in CODES[1].co_positions()]
    starts = [i.start for i in decode(code)]
    table = insert_locations(code.co_linetable, dict.fromkeys(starts, 3))
    expected = [line for n, line in enumerate(lines) for _ in range(4 if n in starts else 1)]
    new = code.replace(
        co_code=bytes([NOP, 0]) * len(expected), co_linetable=table, co_exceptiontable=b""
    )
    assert [position[0] for position in new.co_positions()] == expected
    assert forms(table) <= {13, 15}


offset = st.integers(0, 1 << 18)


@pytest.mark.slow
@given(st.lists(st.builds(ExceptionHandler, offset, offset, offset, offset)))
def test_an_exception_table_is_read_as_it_was_written(rows: list[ExceptionHandler]) -> None:
    rows = [row._replace(end=row.start + row.end) for row in rows]
    assert list(handlers(write_handlers(rows))) == rows


def test_the_compilers_exception_tables_are_written_as_they_were() -> None:
    tables = [code.co_exceptiontable for code in CODES]
    assert any(tables)
    for table in tables:
        assert write_handlers(handlers(table)) == table


RANGES: list[tuple[str, Callable[[ExceptionHandler], int]]] = [
    ("start", lambda handler: handler.start),
    ("end", lambda handler: handler.end),
    ("target", lambda handler: handler.target),
]


@pytest.mark.parametrize(("name", "of"), RANGES, ids=[name for name, _ in RANGES])
def test_a_handlers_parts_move_with_what_they_point_at(
    name: str, of: Callable[[ExceptionHandler], int]
) -> None:
    old = ExceptionHandler(10, 20, 30, 5)
    assert name in old._fields
    for at in range(40):
        (new,) = handlers(write_handlers(move_handlers([old], Shift({at: 7}))))
        assert of(new) == of(old) + 7 * (at < of(old))
        assert new.depth == 5
