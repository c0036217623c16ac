"""What the two targets that are SQLite files share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from tests.fuzz.mutation import mutated, number

from pykcov.symbols.blocks import FileSymbols

# The file may be damaged already.
_anything_wrong = suppress(sqlite3.Error, UnicodeDecodeError, OverflowError, IndexError)
PAGE = 512  # bytes: with small pages, a change hits more than unused room


def symbols(path: str, blocks: int, implied: bool = False) -> FileSymbols:
    """A text with so many blocks, of three functions."""
    spans = tuple((n % 3, n + 1, n % 7, n + 2, 40 + n) for n in range(blocks))
    pairs = ((0, 1), (0, 2), (1, 3)) if implied else ()
    names = ("f", "Class.method", "é<locals>") if blocks else ()
    return FileSymbols(path, "0" * 64, 3495, 0, "1", names, spans, (1, 2, *range(4, 30)), pairs)


def shrink(path: Path) -> bytes:
    """Return the database with small pages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("VACUUM")
    return path.read_bytes()


def write(path: Path, data: bytes) -> None:
    """Put a database there, without what SQLite left of the one before."""
    for behind in ("-journal", "-wal", "-shm"):
        Path(f"{path}{behind}").unlink(missing_ok=True)
    path.write_bytes(data)


def altered(random: Random, path: Path, data: bytes) -> bytes:
    """Return the database with one value, row or statement changed by SQLite itself: the file is
    whole, and tells something else."""
    write(path, data)
    with closing(sqlite3.connect(path, isolation_level=None)) as db, _anything_wrong:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        (table,) = random.choice(tables)
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        column = random.choice(columns)
        rows = db.execute(f"SELECT {column} FROM {table} ORDER BY {column}").fetchall()
        before = random.choice(rows)[0] if rows else 0
        db.execute(
            *random.choice(
                (
                    (f"UPDATE {table} SET {column} = ? WHERE {column} IS ?",
                     (_value(random, before), before)),
                    (f"UPDATE {table} SET {column} = ?", (_value(random, before),)),
                    (f"DELETE FROM {table} WHERE {column} IS ?", (before,)),
                    (f"DELETE FROM {table}", ()),
                    (f"DROP TABLE {table}", ()),
                    (f"ALTER TABLE {table} RENAME TO other", ()),
                    (f"ALTER TABLE {table} RENAME COLUMN {column} TO other", ()),
                    (f"CREATE VIEW v AS SELECT * FROM {table}", ()),
                    (f"PRAGMA user_version = {random.randrange(4)}", ()),
                )
            )
        )  # fmt: skip
    return path.read_bytes()


def _value(random: Random, before: object) -> object:
    if isinstance(before, int) and random.random() < 0.5:
        return before + random.choice((-1, 1, 256, -before - before)) if before < 1 << 60 else 0
    if isinstance(before, bytes):
        return mutated(random, before, [before], ())
    if isinstance(before, str) and random.random() < 0.5:
        return mutated(random, before.encode(), [b"["], ()).decode("utf-8", "replace")
    return random.choice(
        (None, "", "text", b"", b"\xff", 0.5, float("inf"), -1, number(random) % 2**63, "[]", "{}")
    )


def made(random: Random, corpus: Sequence[bytes], path: Path) -> bytes:
    """Return a damaged database: at any byte, or by SQLite itself."""
    data = random.choice(corpus)
    if random.random() < 0.3:
        data = altered(random, path, data)
        if random.random() < 0.5:
            return data
    return mutated(random, data, corpus, ())
