"""Detects whether this is still the symbol store that cached data was made for.

Data with PCs in it (the cache of rewritten code) is valid for one store only. A store that was
deleted and created again assigns the same numbers to other files. So does a copy, once both are
used, and a store that was restored to an older state. Two tables detect this:

* identity: a random id, and the file it was given to. A copy is another file, and gets a new id.
* tokens: a random token for each range, stored in the transaction that assigns the range. The cache
  remembers the last range it knows, with its token. A store without that token at that range was
  rolled back, and gets a new id. A store with it has all earlier ranges, too, because ranges are
  only ever appended.

Older versions of pykcov ignore both tables.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from typing import NamedTuple

_TABLES = (
    "CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL, file TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS tokens (first INTEGER PRIMARY KEY, token TEXT NOT NULL)",
)


class Range(NamedTuple):
    """A range of the store with this id: the number of its first block, and its token."""

    store: str
    first: int
    token: str


def add_tables(db: sqlite3.Connection) -> None:
    """Create the two tables if they are missing: in a new store, or one of an older version."""
    names = "SELECT count(*) FROM sqlite_master WHERE name IN ('identity', 'tokens')"
    if db.execute(names).fetchone()[0] != len(_TABLES):
        db.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            db.execute(statement)
        db.execute("COMMIT")


def token_of(db: sqlite3.Connection, first: int) -> str:
    """Return the token of a range. A new one is stored in the transaction in progress, if any."""
    row = db.execute("SELECT token FROM tokens WHERE first = ?", (first,)).fetchone()
    if row is not None:
        return str(row[0])
    token = secrets.token_hex(8)
    db.execute("INSERT OR IGNORE INTO tokens VALUES (?, ?)", (first, token))
    return str(db.execute("SELECT token FROM tokens WHERE first = ?", (first,)).fetchone()[0])


def id_of(db: sqlite3.Connection, path: str | os.PathLike[str], last: Range | None) -> str:
    """Return the store's id. It differs from last.store if `last` is not a range of this store."""
    status = os.stat(path)  # noqa: PTH116
    file = f"{status.st_dev}:{status.st_ino}"
    if (found := _known(db, file, last)) is not None:
        return found
    db.execute("BEGIN IMMEDIATE")
    if (found := _known(db, file, last)) is None:
        found = secrets.token_hex(8)
        db.execute("DELETE FROM identity")
        db.execute("INSERT INTO identity VALUES (?, ?)", (found, file))
    db.execute("COMMIT")
    return found


def _known(db: sqlite3.Connection, file: str, last: Range | None) -> str | None:
    row = db.execute("SELECT id FROM identity WHERE file = ?", (file,)).fetchone()
    if row is not None and last is not None and last.store == row[0]:
        had = db.execute("SELECT token FROM tokens WHERE first = ?", (last.first,)).fetchone()
        if had is None or had[0] != last.token:
            return None
    return None if row is None else str(row[0])
