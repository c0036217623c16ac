"""Checksums of the tables of a data file, to detect damage.

SQLite detects damage to its own structures, but not a flipped bit in a number. So the table `sums`
has the number of rows of each table, and a sum over them. The sum doesn't depend on the order of
rows and is updated when rows are added, so the cost of a save doesn't depend on the file's size.

A row of `texts` or `contexts` contributes a hash. A row of `hits` contributes its count times a
weight derived from its key, modulo a prime, so any change of a single number changes the sum.

This detects corruption, not tampering: anyone who can write the file can write the sums.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

CREATE = """CREATE TABLE sums (
    name TEXT PRIMARY KEY,  -- of the table
    rows INTEGER NOT NULL,
    sum INTEGER NOT NULL
)"""
TABLES = ("texts", "contexts", "hits")

_PRIME = (1 << 61) - 1
_64 = (1 << 64) - 1


def of_row(row: Iterable[Any]) -> int:
    """Return what a row of texts or contexts, including its number, adds to the sum."""
    return int.from_bytes(blake2b(repr(tuple(row)).encode(), digest_size=8).digest()) % _PRIME


def of_hits(text: int, context: int, block: int, count: int) -> int:
    """Return what a row of hits adds to the sum. Raises TypeError."""
    if type(count) is not int:  # a string times a weight would be very long
        raise TypeError(f"a count must be a number, not {type(count).__name__}")
    weight = (text << 42 ^ context << 21 ^ block) * 0x9E3779B97F4A7C15 & _64
    weight = (weight ^ weight >> 32) * 0xD6E8FEB86659FD93 & _64
    return (weight % (_PRIME - 1) + 1) * count


def create(db: sqlite3.Connection) -> None:
    """Create the table, with the sums of the existing rows."""
    db.execute(CREATE)
    for name, (rows, found) in computed(db).items():
        db.execute("INSERT INTO sums VALUES (?, ?, ?)", (name, rows, found))


def add(db: sqlite3.Connection, table: str, rows: int, more: int) -> None:
    """Note that `rows` were added to a table, or rows changed, and its sum has grown by `more`."""
    before = db.execute("SELECT sum FROM sums WHERE name = ?", (table,)).fetchone()
    if before is not None:  # otherwise the file is damaged, which reading detects
        db.execute(
            "UPDATE sums SET rows = rows + ?, sum = ? WHERE name = ?",
            (rows, (before[0] + more) % _PRIME, table),
        )


def computed(db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return rows and sum of each table."""
    found = {}
    for table in TABLES:
        rows = total = 0
        for row in db.execute(f"SELECT * FROM {table} NOT INDEXED"):
            rows += 1
            total += of_hits(*row) if table == "hits" else of_row(row)
        found[table] = rows, total % _PRIME
    return found


def differing(db: sqlite3.Connection) -> list[str]:
    """Return the tables that don't match their sums. Raises TypeError, and sqlite3.Error."""
    told = {name: (rows, total) for name, rows, total in db.execute("SELECT * FROM sums")}
    return [name for name, one in computed(db).items() if told.get(name) != one]
