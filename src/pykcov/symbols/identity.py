"""Is this still the symbol store that something was kept for?

What is kept elsewhere with PCs in it (the cache of rewritten code) is right for one store only. A
store that was deleted and made anew gives the same numbers to other texts; so does a copy, once
both have gone on, and so does one that was put back to an older state. Two tables tell:

* identity: a random id, and which file it was given to. A copy is another file, and gets another.
* tokens: a random token to each range, in the transaction that gives it out. Whoever kept something
  remembers the last range that it knows of, with its token; a store that does not have that token
  at that range was put back, and gets another id. One that does has all earlier ranges, too: ranges
  are only ever added behind the last one.

Both are additions that older versions of pykcov do not look at.
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
    """Make the two tables where they are not there: in a new store, and in one that is older."""
    names = "SELECT count(*) FROM sqlite_master WHERE name IN ('identity', 'tokens')"
    if db.execute(names).fetchone()[0] != len(_TABLES):
        db.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            db.execute(statement)
        db.execute("COMMIT")


def token_of(db: sqlite3.Connection, first: int) -> str:
    """Return the token of a range, which a transaction that is under way may give it."""
    row = db.execute("SELECT token FROM tokens WHERE first = ?", (first,)).fetchone()
    if row is not None:
        return str(row[0])
    token = secrets.token_hex(8)
    db.execute("INSERT OR IGNORE INTO tokens VALUES (?, ?)", (first, token))
    return str(db.execute("SELECT token FROM tokens WHERE first = ?", (first,)).fetchone()[0])


def id_of(db: sqlite3.Connection, path: str | os.PathLike[str], last: Range | None) -> str:
    """Return the store's id: another one than last.store where this is not what `last` was of."""
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
