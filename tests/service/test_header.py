"""The header's value: which handle it names, and what is said of one that names none."""

from __future__ import annotations

import logging

import pytest

import pykcov
from pykcov.service import header


@pytest.mark.parametrize(
    ("value", "handle"),
    [
        ("7", pykcov.handle_of(7)),
        (" 007 ", pykcov.handle_of(7)),
        ("0x7F", pykcov.handle_of(0x7F)),
        ("4294967295", pykcov.handle_of(2**32 - 1)),
        (str(1 << 56 | 5), 1 << 56 | 5),
        ("0x7000000000000005", pykcov.handle_of(5)),
        ("aB3dE9", pykcov.handle_of("aB3dE9")),
        ("7, 8", pykcov.handle_of("7, 8")),
        ("7a", pykcov.handle_of("7a")),
        ("\u0667", pykcov.handle_of("\u0667")),
        ("x" * 1024, pykcov.handle_of("x" * 1024)),
    ],
)
def test_the_handle_that_is_named(value: str, handle: int) -> None:
    assert header.handle_in(value) == handle


BAD = {
    "empty": ["", "  "],
    "longer": ["x" * 1025, "1" * 5000],
    "hexadecimal": ["0x", "0xZZ"],
    "2^64-1": ["0", "-1", "0x0", str(2**64), "9" * 1000],
    "subsystem": [str(1 << 32), "0x0200000000000001", "0x7000000100000001", str(2**64 - 1)],
}


@pytest.mark.parametrize(("text", "value"), [(k, v) for k, many in BAD.items() for v in many])
def test_what_is_no_handle(text: str, value: str) -> None:
    with pytest.raises(ValueError, match=text.replace("^", r"\^")):
        header.handle_in(value)


def test_each_problem_is_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header, "_logged", set())
    with caplog.at_level(logging.WARNING):
        for values in BAD.values():
            for value in values * 2:
                assert header.start(value.encode()) is None
        assert header.start(b"\xff\x00\r\n" + b"1" * 2000) is None
    assert len(caplog.records) == len(BAD)
    assert all("[handle-bad]" in record.getMessage() for record in caplog.records)
    assert all(len(record.getMessage()) < 250 for record in caplog.records)


def test_bytes_that_are_no_text_are_an_identifier_too() -> None:
    assert header.start(b"\xff\x00") is None


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("", None),
        ("-1", None),
        ("1, 1", None),
        ("²", None),
        ("9" * 40, None),
    ],
)
def test_content_length(value: str, length: int | None) -> None:
    assert header.content_length(value) == length
