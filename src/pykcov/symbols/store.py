"""The symbol store: what each PC stands for, for all processes and all runs of a user.

The store assigns each version of a source file a range of block numbers, once. So all processes and
runs agree on what a PC means, and a trace can be read without the program.

The same source has different blocks under another CPython version, optimisation level or set of
instrumentation options. So a range belongs to (path, hash of the source, importlib's magic number,
optimisation level, variant), and to the blocks themselves: a bug-fix release of CPython may compile
a file differently under the same magic number. A changed source gets a new range; old ranges are
kept for the traces that refer to them.

The store is one SQLite file per user. Each call opens a connection and closes it again, so none is
open when this thread forks.
"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import time
import zlib
from bisect import bisect_right, insort
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pykcov.abi.kcov import PC_END, PC_SPACING, PC_START
from pykcov.errors import PykcovError
from pykcov.lock_budget import Patience
from pykcov.symbols.blocks import Block, FileSymbols, number_of
from pykcov.symbols.identity import Range, add_tables, id_of, token_of
from pykcov.symbols.location import HOMELESS, default_path

APPLICATION_ID = 0x6B636F76  # "kcov"
SCHEMA = 1
CAPACITY = (PC_END - PC_START) // PC_SPACING - 1
PATIENCE = Patience(10.0)  # for stores locked by other processes

_CREATE = """
CREATE TABLE files (
    first INTEGER PRIMARY KEY,  -- number of the first block
    count INTEGER NOT NULL,     -- of blocks
    path TEXT NOT NULL,
    source TEXT NOT NULL,       -- SHA-256 of the text
    magic INTEGER NOT NULL,     -- importlib.util.MAGIC_NUMBER
    optimize INTEGER NOT NULL,
    variant TEXT NOT NULL,      -- version and options of the instrumentation
    digest TEXT NOT NULL,       -- SHA-256 of the above, without first and count, and of the blocks
    seal TEXT NOT NULL,         -- SHA-256 of first, count and digest
    functions TEXT NOT NULL,    -- JSON list of qualified names
    data BLOB NOT NULL,         -- zlib: per block 5 u32 (function, start and end), then code lines
    UNIQUE (path, source, magic, optimize, variant, digest)
)
"""
_COLUMNS = "first, path, source, magic, optimize, variant, functions, data, count, digest, seal"


def _digest(key: tuple[str, str, int, int, str], functions: str, packed: bytes) -> str:
    return sha256(repr((key, functions)).encode() + packed).hexdigest()


def _seal(first: int, count: int, digest: str) -> str:
    return sha256(f"{first} {count} {digest}".encode()).hexdigest()


@dataclass
class SymbolStore:
    """The store at `path` (default: default_path()). Raises PykcovError, named in each method."""

    path: Path = field(default_factory=default_path)
    _files: dict[int, FileSymbols] = field(default_factory=dict, repr=False)
    _firsts: list[int] = field(default_factory=list, repr=False)
    _alone: dict[int, FileSymbols] = field(default_factory=dict, repr=False)  # file_of()'s
    _read: list[int] = field(default_factory=list, repr=False)

    def check(self, *, create: bool = True) -> None:
        """Open the store to check that it is usable; `create` makes it if it is missing. Raises as
        register() does, or, without `create`, as lookup() does."""
        with self._connect(create):
            pass

    def identity(self, last: Range | None = None) -> str:
        """Return the store's id. It differs from last.store if `last` comes from another store, or
        from a state of this one that has been rolled back. Raises as register() does."""
        with self._connect(create=True) as db:
            add_tables(db)
            return id_of(db, self.path, last)

    def register(self, symbols: FileSymbols) -> int:
        """Return the number of the first block of `symbols`, giving it a range if it has none.

        Raises store-unwritable, store-foreign, store-damaged, store-busy, store-exhausted.
        """
        return self.registered(symbols).first

    def registered(self, symbols: FileSymbols) -> Range:
        """Return the range of `symbols`, as register() does, and raise as it does."""
        packed = symbols.pack()
        key = (symbols.path, symbols.source, symbols.magic, symbols.optimize, symbols.variant)
        digest = _digest(key, json.dumps(symbols.functions), packed)
        with self._connect(create=True) as db:
            add_tables(db)
            find = (
                "SELECT first, count, seal FROM files WHERE path = ? AND source = ? AND magic = ?"
                " AND optimize = ? AND variant = ? AND digest = ?"
            )
            row = db.execute(find, (*key, digest)).fetchone()
            if row is None:
                db.execute("BEGIN IMMEDIATE")
                row = db.execute(find, (*key, digest)).fetchone() or self._insert(
                    db, symbols, (*key, digest), packed
                )
                token_of(db, row[0])
                db.execute("COMMIT")
                PATIENCE.renew()
            first, count, seal = row
            if seal != _seal(first, count, digest):
                raise self._damaged(ValueError(f"the range of {symbols.path} is wrong"))
            return Range(id_of(db, self.path, None), int(first), token_of(db, first))

    def _insert(
        self,
        db: sqlite3.Connection,
        symbols: FileSymbols,
        key: tuple[str, str, int, int, str, str],
        packed: bytes,
    ) -> tuple[int, int, str]:
        count = max(len(symbols.spans), 1)  # a file without blocks needs a number, too: its key
        last = "SELECT first + count FROM files ORDER BY first DESC LIMIT 1"
        first = int((db.execute(last).fetchone() or (0,))[0])
        if first + count > CAPACITY:
            raise PykcovError(
                "store-exhausted",
                f"the symbol store {self.path} has given out all of its {CAPACITY} PCs; move it "
                "away, and keep it as long as you read traces made with it",
            )
        seal = _seal(first, count, key[-1])
        db.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (first, count, *key, seal, json.dumps(symbols.functions), zlib.compress(packed, 1)),
        )
        return first, count, seal

    def lookup(self, pc: int) -> Block | None:
        """Return the block of `pc`, or of an address up to 7 below it; None if unknown. For the PC
        of a comparison, the block is the comparison's source range.

        Raises store-missing, store-unreadable, store-foreign, store-damaged, store-busy.
        """
        found = self.find(pc)
        return None if found is None else found[1].block(found[0], number_of(pc))

    def find(self, pc: int) -> tuple[int, FileSymbols] | None:
        """Return the file that `pc` belongs to, with the number of its first block or comparison;
        None if unknown. Raises as lookup() does."""
        number = number_of(pc)
        for fresh in (False, True):
            if fresh:
                self._load()
            n = bisect_right(self._firsts, number) - 1
            if n >= 0:
                first = self._firsts[n]
                symbols = self._files[first]
                if number < first + len(symbols.spans):
                    return first, symbols
        return None

    def file_of(self, pc: int) -> tuple[int, FileSymbols] | None:
        """Return the same as find(), but read only that file."""
        number = number_of(pc)
        n = bisect_right(self._read, number) - 1
        if n < 0 or number >= self._read[n] + len(self._alone[self._read[n]].spans):
            with self._connect(create=False) as db:
                row = db.execute(
                    f"SELECT {_COLUMNS} FROM files WHERE first <= ? ORDER BY first DESC LIMIT 1",
                    (number,),
                ).fetchone()
            if row is None or number >= row[0] + row[8]:
                return None
            if row[0] not in self._alone:
                self._alone[row[0]] = self._unpack(row)
                insort(self._read, row[0])
            n = bisect_right(self._read, number) - 1
        first = self._read[n]
        symbols = self._alone[first]
        return (first, symbols) if number < first + len(symbols.spans) else None

    def blocks(self) -> Iterator[Block]:
        """Yield every known block in order of PC, without comparisons. Raises as lookup() does."""
        for first, symbols in self.files().items():
            if symbols.has_blocks:
                for number in range(first, first + len(symbols.spans)):
                    yield symbols.block(first, number)

    def files(self) -> dict[int, FileSymbols]:
        """Return the known files, by the number of their first block. Raises as lookup() does."""
        self._load()
        return dict(self._files)

    def _load(self) -> None:
        """Read the files added since the last time."""
        after = self._firsts[-1] if self._firsts else -1
        with self._connect(create=False) as db:
            query = f"SELECT {_COLUMNS} FROM files WHERE first > ? ORDER BY first"
            rows = db.execute(query, (after,)).fetchall()
        for row in rows:
            self._files[row[0]] = self._unpack(row)
            self._firsts.append(row[0])

    def _unpack(self, row: tuple[Any, ...]) -> FileSymbols:
        first, path, source, magic, optimize, variant, functions, data, count, digest, seal = row
        try:
            packed = zlib.decompress(data)
            found = _digest((path, source, magic, optimize, variant), functions, packed)
            if found != digest or seal != _seal(first, count, digest):
                raise ValueError(f"the row of {path} is wrong")
            names = tuple(json.loads(functions))
            parts = FileSymbols.unpack(packed, count if names else 0)
        except (zlib.error, struct.error, ValueError, TypeError, AttributeError) as error:
            raise self._damaged(error) from None
        return FileSymbols(path, source, magic, optimize, variant, names, *parts)

    def _damaged(self, error: Exception) -> PykcovError:
        return PykcovError(
            "store-damaged",
            f"the symbol store {self.path} is damaged ({error}); restore a copy, or delete it and "
            "trace again: traces made with it can't be read without it",
        )

    @contextmanager
    def _connect(self, create: bool) -> Iterator[sqlite3.Connection]:
        """Open the store for one call; errors are raised as PykcovErrors that say what to do."""
        db, began = None, time.monotonic()
        try:
            if self.path == HOMELESS:
                raise FileNotFoundError(0, "this user has no home directory")
            if create:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            elif not self.path.exists():
                raise PykcovError(
                    "store-missing",
                    f"there is no symbol store at {self.path}: nothing has been instrumented yet, "
                    "or another --store or PYKCOV_STORE was used",
                )
            db = sqlite3.connect(self.path, timeout=PATIENCE.left, isolation_level=None)
            self._check(db)
            yield db
        except OSError as error:
            raise PykcovError(
                "store-unwritable" if create else "store-unreadable",
                f"cannot open the symbol store {self.path}: {error.strerror}; choose another with "
                "--store or PYKCOV_STORE",
            ) from None
        except sqlite3.Error as error:
            raise self._explain(error, create, began) from None
        except (TypeError, ValueError, OverflowError) as error:  # a column of another type
            raise self._damaged(error) from None
        finally:
            if db is not None:
                db.close()

    def _explain(self, error: sqlite3.Error, create: bool, began: float) -> PykcovError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            return self._foreign("it is not an SQLite file")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            PATIENCE.lost(began)
            return PykcovError(
                "store-busy",
                f"another process keeps the symbol store {self.path} locked; gave up after "
                f"{PATIENCE.seconds:g} s in all",
            )
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL):
            return PykcovError(
                "store-unwritable" if create else "store-unreadable",
                f"cannot use the symbol store {self.path}: {error}; choose another with --store or "
                "PYKCOV_STORE",
            )
        return self._damaged(error)

    def _foreign(self, why: str) -> PykcovError:
        return PykcovError(
            "store-foreign",
            f"{self.path} is not a symbol store of this pykcov: {why}; choose another with --store "
            "or PYKCOV_STORE",
        )

    def _check(self, db: sqlite3.Connection) -> None:
        """Check that the file is a symbol store; create the table in a new one."""
        found = self._identity(db)
        if found == (0, 0):
            db.execute("BEGIN IMMEDIATE")
            if self._identity(db) == (0, 0):
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise self._foreign("it is another program's database")
                db.execute(_CREATE)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {SCHEMA}")
            db.execute("COMMIT")
            found = self._identity(db)
        if found[0] != APPLICATION_ID:
            raise self._foreign("it is another program's database")
        if found[1] != SCHEMA:
            raise self._foreign(f"it has schema {found[1]}, but this pykcov reads {SCHEMA}")

    @staticmethod
    def _identity(db: sqlite3.Connection) -> tuple[int, int]:
        application = db.execute("PRAGMA application_id").fetchone()[0]
        return application, db.execute("PRAGMA user_version").fetchone()[0]
