"""Data files: how often each block was executed, in which context, and what the blocks are.

A data file needs no symbol store, because it contains the blocks of its files. So it can be copied
to another machine and combined with others. Several processes can add to it at once. A context is a
name for what was running: a test, a request's handle, a guest; "" means none.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.lock_budget import Patience
from pykcov.measure import sums
from pykcov.symbols.blocks import FileSymbols, number_of
from pykcov.symbols.store import SymbolStore

APPLICATION_ID = 0x6B636F64  # "kcod"
SCHEMA = 2
_WITHOUT_SUMS = 1  # the previous schema; such a file gets its sums when something is added to it
PATIENCE = Patience(60.0)  # for data files locked by other processes

_CREATE = (
    """CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    source TEXT NOT NULL,     -- SHA-256 of the text
    magic INTEGER NOT NULL,
    optimize INTEGER NOT NULL,
    variant TEXT NOT NULL,
    functions TEXT NOT NULL,  -- JSON list of qualified names
    data BLOB NOT NULL,       -- zlib: as the symbol store's
    blocks INTEGER NOT NULL,
    UNIQUE (path, source, magic, optimize, variant, functions, data)
)""",
    "CREATE TABLE contexts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE hits (
    text INTEGER NOT NULL,
    context INTEGER NOT NULL,
    block INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (text, context, block)
) WITHOUT ROWID""",
)
_MOST = (1 << 63) - 1  # of a count
_HEADER = 100  # bytes, of a SQLite file


@dataclass
class Measured:
    """One version of a source file. hits: by context, how often each block number was executed."""

    symbols: FileSymbols
    hits: dict[str, dict[int, int]] = field(default_factory=dict)

    def total(self) -> dict[int, int]:
        """Return how often each block was executed, in all contexts together."""
        found: dict[int, int] = {}
        for counts in self.hits.values():
            for block, count in counts.items():
                found[block] = found.get(block, 0) + count
        return found


def nothing_in(path: Path | str) -> PykcovError:
    """Return the error for a data file without counts."""
    return PykcovError(
        "data-empty",
        f"{path} has no counts: none of the selected code was executed, or the program ended "
        "before it saved them: by SIGTERM (set sigterm = true), by os._exit() (set patch), or by "
        "another signal",
    )


class DataFile:
    """The data file at `path`. Raises PykcovError: data-missing, data-foreign, data-busy,
    data-unwritable."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # -- writing ----------------------------------------------------------------------------------

    def add(self, counts: Mapping[int, int], store: SymbolStore, context: str = "") -> int:
        """Add how often PCs were executed. Returns the number of PCs unknown to the store."""
        unknown = 0
        found: dict[int, Measured] = {}
        for pc, count in counts.items():
            file = store.file_of(pc)
            if file is None or not file[1].has_blocks:
                unknown += 1
                continue
            first, symbols = file
            hits = found.setdefault(first, Measured(symbols, {context: {}})).hits[context]
            block = number_of(pc) - first
            hits[block] = hits.get(block, 0) + count
        self.write(found.values())
        return unknown

    def write(self, measured: Iterable[Measured]) -> None:
        """Add measurements in one transaction."""
        with self._connect(create=True) as db:
            db.execute("BEGIN IMMEDIATE")
            self._check_size(db)
            if not _has_sums(db):
                sums.create(db)
                db.execute(f"PRAGMA user_version = {SCHEMA}")
            for one in measured:
                text = _text_of(db, one.symbols)
                for context, hits in one.hits.items():
                    number = _number_of(db, "contexts", ("name",), (context,))
                    _add_hits(db, text, number, hits)
            db.execute("COMMIT")
            PATIENCE.renew()

    def combine(
        self, others: Iterable[DataFile], renamed: Callable[[str], str] = lambda path: path
    ) -> None:
        """Add the content of other data files, or nothing if one of them can't be read. renamed:
        maps a path in them to a path on this machine."""
        found = []
        for other in others:
            for one in other._recorded():
                symbols = replace(one.symbols, path=renamed(one.symbols.path))
                found.append(Measured(symbols, one.hits))
        self.write(found)

    # -- reading ----------------------------------------------------------------------------------

    def read(self) -> list[Measured]:
        """Return what was executed: what was recorded, and what can be inferred from that."""
        found = self._recorded()
        for one in found:
            one.hits = {name: one.symbols.with_implied(hits) for name, hits in one.hits.items()}
        return found

    def _recorded(self) -> list[Measured]:
        with self._connect(create=False) as db:
            db.execute("BEGIN")
            # NOT INDEXED: the sums cover the tables, and a damaged index could answer instead.
            names = dict(db.execute("SELECT id, name FROM contexts NOT INDEXED"))
            self._check_size(db)
            if _has_sums(db) and (wrong := sums.differing(db)):
                raise self._foreign(
                    f"it is damaged: {' and '.join(wrong)} are not what was written"
                )
            found = {}
            for number, *row in db.execute(
                "SELECT id, path, source, magic, optimize, variant, functions, data, blocks"
                " FROM texts NOT INDEXED ORDER BY path, id"
            ):
                found[number] = Measured(self._unpack(*row))
            for text, context, block, count in db.execute("SELECT * FROM hits"):
                one = found.get(text)
                if one is None or context not in names or not 0 <= block < len(one.symbols.spans):
                    raise self._foreign("it is damaged: it has hits of unknown blocks")
                if type(count) is not int or not 0 < count <= _MOST:
                    raise self._foreign(f"it is damaged: {count!r} hits")
                hits = one.hits.setdefault(names[context], {})
                hits[block] = hits.get(block, 0) + count  # a damaged index lets a name in twice
        return list(found.values())

    def _unpack(self, path: str, source: str, magic: int, optimize: int, variant: str,
                functions: str, data: bytes, blocks: int) -> FileSymbols:  # fmt: skip
        try:
            packed = zlib.decompress(data)
            names = tuple(json.loads(functions))
            parts = FileSymbols.unpack(packed, blocks)
            if any(span[0] >= len(names) for span in parts.spans):
                raise ValueError("spans")
        except (zlib.error, struct.error, ValueError, TypeError) as error:
            raise self._foreign(f"it is damaged: {error}") from None
        return FileSymbols(path, source, magic, optimize, variant, names, *parts)

    # -- the file ---------------------------------------------------------------------------------

    @contextmanager
    def _connect(self, create: bool) -> Iterator[sqlite3.Connection]:
        if not create and not self.path.exists():
            raise PykcovError(
                "data-missing", f"there is no data file {self.path}; 'pykcov run' writes one"
            )
        db, began = None, time.monotonic()
        try:
            db = sqlite3.connect(self.path, timeout=PATIENCE.left, isolation_level=None)
            self._check(db, create)
            yield db
        except (UnicodeDecodeError, OverflowError, TypeError, ValueError) as error:
            raise self._foreign(f"it is damaged: {error}") from None
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            # Errors of Python's sqlite3 itself have no code: invalid UTF-8, a blob instead of text.
            if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, 0):
                raise self._foreign(str(error)) from None
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                PATIENCE.lost(began)
                raise PykcovError(
                    "data-busy",
                    f"another process keeps the data file {self.path} locked; gave up after "
                    f"{PATIENCE.seconds:g} s in all",
                ) from None
            raise PykcovError(
                "data-unwritable",
                f"cannot use the data file {self.path}: {error}; choose another with --data",
            ) from None
        finally:
            if db is not None:
                db.close()

    def _check(self, db: sqlite3.Connection, create: bool) -> None:
        def identity() -> tuple[int, int]:
            application = db.execute("PRAGMA application_id").fetchone()[0]
            return application, db.execute("PRAGMA user_version").fetchone()[0]

        if create and identity() == (0, 0):
            if 0 < self.path.stat().st_size < _HEADER:  # SQLite would take it for an empty file
                raise self._foreign("it has been cut off")
            db.execute("BEGIN IMMEDIATE")
            if identity() == (0, 0):
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise self._foreign("it is another program's database")
                for statement in _CREATE:
                    db.execute(statement)
                sums.create(db)
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                db.execute(f"PRAGMA user_version = {SCHEMA}")
            db.execute("COMMIT")
        found = identity()
        if found[0] != APPLICATION_ID:
            if self.path.stat().st_size < _HEADER:
                raise self._foreign("it is empty, or has been cut off")
            raise self._foreign("it is another program's file")
        if found[1] not in (SCHEMA, _WITHOUT_SUMS):
            raise self._foreign(f"it has schema {found[1]}, but this pykcov reads {SCHEMA}")
        if found[1] == SCHEMA and not _has_sums(db):
            raise self._foreign("it is damaged: it has no sums")

    def _check_size(self, db: sqlite3.Connection) -> None:
        """Check for truncation: SQLite would read the missing part of the last page as zeros."""
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        whole = pages * db.execute("PRAGMA page_size").fetchone()[0]
        if (size := self.path.stat().st_size) < whole:
            raise self._foreign(f"it has been cut off: {size} of {whole} bytes")

    def _foreign(self, why: str) -> PykcovError:
        return PykcovError("data-foreign", f"{self.path} is not a data file of this pykcov: {why}")


def _has_sums(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sums'").fetchone()[0])


def _text_of(db: sqlite3.Connection, symbols: FileSymbols) -> int:
    """Return the number of a source version; it is added if missing."""
    row = (
        symbols.path, symbols.source, symbols.magic, symbols.optimize, symbols.variant,
        json.dumps(symbols.functions), zlib.compress(symbols.pack()), len(symbols.spans),
    )  # fmt: skip
    columns = ("path", "source", "magic", "optimize", "variant", "functions", "data", "blocks")
    return _number_of(db, "texts", columns, row)


def _number_of(
    db: sqlite3.Connection, table: str, columns: tuple[str, ...], row: tuple[str | int | bytes, ...]
) -> int:
    """Return the number of a row; it is added if missing."""
    where = " AND ".join(f"{column} = ?" for column in columns)
    found = db.execute(f"SELECT id FROM {table} WHERE {where}", row).fetchone()
    if found is not None:  # found through an index, which may be damaged
        there = db.execute(f"SELECT * FROM {table} NOT INDEXED WHERE id = ?", found).fetchone()
        if there != (*found, *row):
            raise ValueError(f"its index of {table} is wrong")
        return int(found[0])
    places = ", ".join("?" * len(row))
    number = db.execute(f"INSERT INTO {table} VALUES (NULL, {places})", row).lastrowid
    assert number is not None
    sums.add(db, table, 1, sums.of_row((number, *row)))
    return number


def _add_hits(db: sqlite3.Connection, text: int, context: int, hits: Mapping[int, int]) -> None:
    before = dict(
        db.execute("SELECT block, count FROM hits WHERE text = ? AND context = ?", (text, context))
    )
    rows, new, more = [], 0, 0
    for block, n in hits.items():
        had = before.get(block, 0)
        count = min(had + n, _MOST)
        rows.append((text, context, block, count))
        new += had == 0
        more += sums.of_hits(text, context, block, count - had)
    db.executemany("INSERT OR REPLACE INTO hits VALUES (?, ?, ?, ?)", rows)
    sums.add(db, "hits", new, more)
