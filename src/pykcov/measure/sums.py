"""Sums over the tables of a data file, which tell a damaged one.

SQLite notices damage to its own structures, but a flipped bit in a number is another number. So the
table `sums` has the number of rows of each table, and a sum over them. Rows may be in any order,
and whoever adds some adds to the sum, so that a save costs what it saves and not what the file has.

A row of `texts` or `contexts` counts with a hash. A row of `hits` counts with its count times a
weight that its key gives: modulo a prime, so no change of one number leaves the sum as it was.

This finds damage, not tampering: whoever can write the file can write the sums.
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
    """Return what a row of texts or contexts, number included, adds to the sum."""
    return int.from_bytes(blake2b(repr(tuple(row)).encode(), digest_size=8).digest()) % _PRIME


def of_hits(text: int, context: int, block: int, count: int) -> int:
    """Return what a row of hits adds to the sum. Raises TypeError."""
    if type(count) is not int:  # a text times a weight would be a very long one
        raise TypeError(f"a count that is no number, but {type(count).__name__}")
    weight = (text << 42 ^ context << 21 ^ block) * 0x9E3779B97F4A7C15 & _64
    weight = (weight ^ weight >> 32) * 0xD6E8FEB86659FD93 & _64
    return (weight % (_PRIME - 1) + 1) * count


def create(db: sqlite3.Connection) -> None:
    """Make the table, with the sums of what there is."""
    db.execute(CREATE)
    for name, (rows, found) in computed(db).items():
        db.execute("INSERT INTO sums VALUES (?, ?, ?)", (name, rows, found))


def add(db: sqlite3.Connection, table: str, rows: int, more: int) -> None:
    """Note that rows have been added to a table or changed, and the sum has grown by `more`."""
    before = db.execute("SELECT sum FROM sums WHERE name = ?", (table,)).fetchone()
    if before is not None:  # else the file is damaged, which reading it tells
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
    """Return the tables that are not what their sums say. Raises TypeError, and sqlite3.Error."""
    told = {name: (rows, total) for name, rows, total in db.execute("SELECT * FROM sums")}
    return [name for name, one in computed(db).items() if told.get(name) != one]
