"""Rewritten code on disk, as .pyc files are compiled code.

The cache of a symbol store is a folder beside it, FILE.cache. It holds a file for each (source
file, optimisation level, options), named by a hash of that, of the store's id (lineage.py), and of
what the rewriting depends on: the interpreter, and this version of pykcov. entry.py says what
stands in one.

* A file is written under another name and renamed, so there is a whole one or none.
* What is no entry (cut, damaged, another version's) is none, and is written anew.
* The folder is the user's alone, or it is not used: marshal trusts what it reads.
* Over the bound, what was not used for longest goes, down to three quarters; `head` (head.py) has
  the sum, so writing one costs the same however many there are. A file says by its time of change
  when it was last used, give or take a day.

Nothing here fails: without a cache, code is rewritten. `trouble` says why there is none.
"""

from __future__ import annotations

import functools
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.instrumentation.entry import Entry, restamped
from pykcov.instrumentation.head import Head
from pykcov.instrumentation.stamps import NONE
from pykcov.lineage import Range
from pykcov.store import SymbolStore

BOUND = "PYKCOV_CACHE_MIB"  # in the environment: the bound of a cache; 0: no cache
DEFAULT_MIB = 256
SUFFIX, _NEW = ".code", ".new"
_DAY = 86400

# What files are read into, one a thread at a time: new memory costs as much as reading them.
_buffers: list[bytearray] = []


def bound() -> int:
    """Return the bound in bytes. Raises PykcovError: cache-bound."""
    text = os.environ.get(BOUND, str(DEFAULT_MIB))
    if not (text.isascii() and text.isdecimal()):
        raise PykcovError("cache-bound", f"{BOUND} is a number of MiB, or 0 for none, not {text!r}")
    return int(text) << 20


def folder_of(store: SymbolStore) -> Path:
    """Return the folder of a store's cache, which need not be there."""
    return store.path.with_name(f"{store.path.name}.cache")


@functools.cache
def _maker() -> bytes:
    """What makes rewritten code: the interpreter, as it runs, and our own files, as they are."""
    columns = list(compile("0", "", "eval").co_positions())  # none under -X no_debug_ranges
    own = [(f.name, f.stat()) for f in sorted(Path(__file__).parent.glob("*.py"))]
    files = [(name, status.st_mtime_ns, status.st_size) for name, status in own]
    made = repr((sys.version, sys.abiflags, MAGIC_NUMBER, columns, files))
    return blake2b(made.encode(), digest_size=16).digest()


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the cache's own files, but for `head`."""
    with os.scandir(folder) as found:
        for item in found:
            if item.name.endswith((SUFFIX, _NEW)):
                with suppress(FileNotFoundError):  # another process's, renamed meanwhile
                    yield Path(item.path), item.stat(follow_symlinks=False)


@dataclass
class Cache:
    """The cache of the store with this id. `trouble`: why it can't be used, else empty."""

    folder: Path
    store: str
    bound: int
    trouble: str = ""

    def __post_init__(self) -> None:
        self._head = Head(self.folder / "head")

    @staticmethod
    def of(store: SymbolStore) -> Cache:
        """Return the cache of a store, having looked whether it is that store's still.

        Raises PykcovError as SymbolStore.register(), and cache-bound.
        """
        cache = Cache(folder_of(store), "", bound())
        if not cache.bound:
            store.check()
            cache.trouble = f"{BOUND} is 0"
            return cache
        cache.store = store.identity(cache._head.last())
        _maker()  # now, and not in the first import
        cache._make_folder()
        return cache

    def contents(self) -> tuple[int, int]:
        """Return the number of entries, and the bytes of all files. Raises OSError."""
        try:
            sizes = [(path.suffix == SUFFIX, s.st_size) for path, s in _files(self.folder)]
        except FileNotFoundError:
            return 0, 0
        return sum(is_entry for is_entry, _ in sizes), sum(size for _, size in sizes)

    def clear(self) -> None:
        """Remove all entries. Raises OSError."""
        if not self.folder.exists():
            return
        with self._head.locked() as fd:
            for path, _ in list(_files(self.folder)):
                path.unlink(missing_ok=True)
            if (last := self._head.read(fd)[0]) is not None:
                self._head.write(fd, last, 0)

    def _make_folder(self) -> None:
        try:
            with suppress(FileExistsError):
                self.folder.mkdir(mode=0o700)
            seen = self.folder.lstat()
        except OSError as error:
            self.trouble = f"it can't be made: {error.strerror}"
            return
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
            self.trouble = "it is not a directory of this user's alone (mode 0700)"

    def file(self, path: str, filename: str, optimize: int, variant: str) -> str:
        """Return where an entry is, or would be: of the file `path`, whose code has the co_filename
        `filename`, compiled and rewritten like that."""
        key = repr((self.store, path, filename, optimize, variant))
        name = blake2b(key.encode("utf-8", "backslashreplace"), key=_maker(), digest_size=16)
        return f"{self.folder}/{name.hexdigest()}{SUFFIX}"

    def get(self, file: str, *, stamp: bytes = NONE, digest: bytes = b"") -> Entry | None:
        """Return what a file holds, if it is an entry of this stamp, or of this digest."""
        with self._read(file) as data:
            try:
                if data is None:
                    return None
                entry = Entry(data)
                if entry.digest == digest or (entry.stamp == stamp and stamp != NONE):
                    return entry.load()
            except ValueError:
                pass
        return None

    @contextmanager
    def _read(self, file: str) -> Iterator[memoryview | None]:
        """Open a file of the cache. What is read is gone at the end."""
        if self.trouble:
            yield None
            return
        try:
            fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            yield None
            return
        buffer = _buffers.pop() if _buffers else bytearray(1 << 17)
        try:
            seen = os.fstat(fd)
            size = seen.st_size if stat.S_ISREG(seen.st_mode) else 0
            if time.time() - seen.st_mtime > _DAY:
                with suppress(OSError):  # read-only
                    os.utime(fd)
            if size > len(buffer):
                buffer = bytearray(size * 2)
            size = os.readv(fd, [buffer])
        except OSError:
            size = 0
        finally:
            os.close(fd)
        with memoryview(buffer) as whole, whole[:size] as data:
            yield data
        _buffers.append(buffer)

    def put(self, file: str, data: bytes, given: Range | None) -> None:
        """Write an entry of a text that the store has given this range (None: long ago)."""
        if self.trouble or (given is not None and given.store != self.store):
            return
        if len(data) > self.bound // 4:
            return
        new = f"{self.folder}/{secrets.token_hex(8)}{_NEW}"
        try:
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(fd, "wb") as out:
                    out.write(data)
                with self._head.locked() as fd:
                    self._publish(fd, new, file, len(data), given)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(new)  # noqa: PTH108
        except BlockingIOError:
            return  # not this time
        except OSError as error:
            self.trouble = f"it can't be written: {error.strerror}"

    def restamp(self, file: str, stamp: bytes) -> None:
        """Write an entry again that was found by its digest."""
        with self._read(file) as data:
            entry = b"" if data is None else bytes(data)
        with suppress(ValueError):
            Entry(memoryview(entry))
            self.put(file, restamped(entry, stamp), None)

    def _publish(self, fd: int, new: str, file: str, size: int, given: Range | None) -> None:
        """Rename. What `head` says comes first: an entry that it knows nothing of would outlive a
        store that is put back."""
        last, total = self._head.read(fd)
        unknown = last is None
        if (
            last is None
            or last.store != self.store
            or (given is not None and given.first > last.first)
        ):
            last = given
        if last is None:
            return
        with suppress(FileNotFoundError):
            total -= os.stat(file).st_size  # noqa: PTH116
        total += size
        if unknown or not 0 <= total <= self.bound:
            total = self._shrink()
        self._head.write(fd, last, total)
        os.rename(new, file)  # noqa: PTH104

    def _shrink(self) -> int:
        """Remove what was used longest ago, if it is too much; return the total."""
        found = sorted((s.st_mtime, s.st_size, path) for path, s in _files(self.folder))
        total = sum(length for _, length, _ in found)
        most = self.bound if total <= self.bound else self.bound * 3 // 4
        for used, length, path in found:
            stale = path.suffix != SUFFIX and time.time() - used > _DAY
            if stale or (total > most and path.suffix == SUFFIX):
                path.unlink(missing_ok=True)
                total -= length
        return total
