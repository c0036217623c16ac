"""Which handle a string stands for, in a header and in a call alike."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pykcov
from pykcov.service import header

OURS = 0x70 << 56


def hashed(text: str) -> int:
    return OURS | (zlib.crc32(text.encode("utf-8", "surrogateescape")) or 1)


NUMBERS = {
    "7": OURS | 7,
    "007": OURS | 7,
    "0" * 1000 + "7": OURS | 7,
    "0x7F": OURS | 0x7F,
    "0X7f": OURS | 0x7F,
    "0x00000000000000000000000007": OURS | 7,
    "4294967295": OURS | 0xFFFFFFFF,
    str(1 << 56 | 5): 1 << 56 | 5,
    "0x7000000000000005": OURS | 5,
}
STRINGS = [
    *("0", "00", "0x", "0x0", "0xZZ", "-1", "+1", "1_000", "0x1_0", "1e3", "7 ", " 7", "7\n"),
    *(str(1 << 32), "0x0200000000000001", "0x7000000100000001", str(2**64 - 1), str(2**64)),
    *("\u0667", "7\u0667", "９", "²", "9" * 1000, "1" * 1024, "f", "a7", "0b1", "\x00"),  # noqa: RUF001
    *("\udcff", "x" * 1024, "ß" * 1024),
]


@pytest.mark.parametrize("text", NUMBERS)
def test_digits_are_a_number(text: str) -> None:
    assert pykcov.handle_of(text) == NUMBERS[text] == pykcov.remote(text).handle


@pytest.mark.parametrize("text", STRINGS)
def test_all_else_is_hashed(text: str) -> None:
    assert pykcov.handle_of(text) == hashed(text) == pykcov.remote(text).handle


@pytest.mark.parametrize("text", ["", "x" * 1025, "1" * 1025, "\ud800"])
def test_what_is_no_handle(text: str) -> None:
    with pytest.raises(ValueError, match=r"handle|surrogates"):
        pykcov.handle_of(text)


@given(st.integers(1, 2**64 - 1))
@example(2**32)
def test_a_number_and_its_digits_are_one_handle(number: int) -> None:
    for text in (str(number), hex(number)):
        if number < 1 << 32 or (number >> 56 in (1, 0x70) and not number >> 32 & 0xFFFFFF):
            assert pykcov.handle_of(text) == pykcov.handle_of(number)
        else:
            assert pykcov.handle_of(text) == hashed(text)


@given(st.text(st.characters(exclude_characters=" \t", exclude_categories=["Cs"]), min_size=1))
def test_a_header_and_a_call_agree(text: str) -> None:
    assert header.handle_in(f" {text}\t ") == pykcov.handle_of(text)
