"""The lines of pykcov watch: whatever clients send, they fit, and command no terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykcov.cli.columns import Columns, cut, printable, width_of

pytestmark = pytest.mark.once

ROW: dict[str, Any] = {
    "time": 0.0,
    "handle": "request 1",
    "method": "GET",
    "path": "/api/users",
    "query": "page=2",
    "status": 200,
    "seconds": 0.0123,
    "records": 1234,
    "blocks": 99,
    "complete": True,
    "new": 0,
    "files": {"/srv/shop/prices.py": 60, "/srv/shop/carts.py": 39},
}
ANYTHING = st.text(st.characters())  # surrogates and control characters included


def fields(line: str) -> list[str]:
    return [field.strip() for field in line.split("  ") if field.strip()]


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (80, "time handle request status took blocks new"),
        (100, "time handle request status took records blocks new"),
        (160, "time handle request status took records blocks new files"),
        (None, "time handle request status took records blocks new files"),
    ],
)
def test_columns_that_there_is_room_for(width: int | None, names: str) -> None:
    columns = Columns(width)
    assert fields(columns.head()) == names.split()
    line = columns.line(ROW)
    expected = ["request 1", "GET /api/users?page=2", "200", "12ms", "1234", "99", "0"]
    if "records" not in names:
        expected.remove("1234")
    if "files" in names:
        expected.append("shop/prices.py 60, shop/carts.py 39")
    assert fields(line)[1:] == expected
    for name in ("took", "records", "blocks", "new"):  # numbers end where their names do
        if name in names.split():
            end = columns.head().index(name) + len(name)
            assert line[end - 1].isalnum()
            assert line[end : end + 2].isspace() or end == len(line)


@pytest.mark.parametrize(
    ("row", "request_"),
    [
        ({"query": None}, "GET /api/users"),
        ({"query": "a" * 99}, "GET /api/users?aaaaaaaa…"),
        ({"path": "/one/two/three/four/five", "query": None}, "GET …two/three/four/five"),
        ({"path": "/one/two/three/four/five"}, "GET …two/three/four/five"),
        ({"method": None, "path": None, "query": None}, "-"),
        ({"method": "PROPFINDING"}, "PROPFIN… /api/users?pag…"),
        ({"method": "WS", "path": "/\u65e5\u672c\u8a9e" * 4}, "WS …日本語/日本語/日本語"),
    ],
)
def test_what_of_a_request_is_shown(row: dict[str, Any], request_: str) -> None:
    assert Columns(80)._request({**ROW, **row}) == request_


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "-"), (0.00001, "0.0ms"), (0.00994, "9.9ms"), (0.00996, "10ms"), (0.9994, "999ms"),
     (0.9996, "1.0s"), (99.94, "99.9s"), (99.96, "100s"), (99999.0, "99999s")],
)  # fmt: skip
def test_durations(seconds: float, shown: str) -> None:
    assert fields(Columns(80).line({**ROW, "seconds": seconds}))[4] == shown


@given(ANYTHING)
def test_nothing_commands_the_terminal(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\r\n\t\0\x7f", r"\r\n\t\x00\x7f"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202e\u2066\u200b", r"\u202e\u2066\u200b"),
        ("\udcff\ud800", r"\xff\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("Grüße\\x", "Grüße\\x"),
    ],
)
def test_what_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(ANYTHING, st.integers(1, 30), st.booleans())
def test_what_is_cut_fits(text: str, width: int, start: bool) -> None:
    text = printable(text)
    shown = cut(text, width, start=start)
    assert width_of(shown) <= width
    if width_of(text) <= width:
        assert shown == text
    else:
        kept = shown.removeprefix("…") if start else shown.removesuffix("…")
        assert text.endswith(kept) if start else text.startswith(kept)
        assert "…" in shown


@given(ANYTHING, ANYTHING, ANYTHING, st.integers(20, 200))
def test_a_line_fits(handle: str, path: str, query: str, width: int) -> None:
    row = {**ROW, "handle": handle, "method": handle, "path": path, "query": query}
    line = Columns(width).line({**row, "files": {path or "x": 7}})
    assert line.isprintable()
    assert sum(map(columns_of, line)) <= width
    assert Columns(None).line(row).isprintable()


def columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
