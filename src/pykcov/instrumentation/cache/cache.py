"""The cache of rewritten code on disk, similar to .pyc files for compiled code.

The cache of a symbol store is a folder beside it, FILE.cache. It has a file for each (source file,
optimisation level, options), named by a hash of these, of the store's id (symbols/identity.py), and
of what the rewriting depends on: the interpreter, and this version of pykcov. entry.py describes
the format.

* Files are written under a temporary name and renamed, so they are complete.
* Invalid files (truncated, damaged, from another version) are ignored and replaced.
* The cache is used only if no other user can have put files there (folder.py), because what is read
  is executed. The same applies to the store, which determines the names of entries.
* If the cache exceeds its size limit, the least recently used files are removed until it is at
  three quarters. `head` (index.py) has the total size, so the cost of a write doesn't depend on the
  number of files. A file's modification time shows, to within a day, when it was last used.

Nothing here fails: without a cache, code is rewritten. `trouble` says why it can't be used.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.instrumentation.cache.entry import Entry, restamped
from pykcov.instrumentation.cache.folder import Folder, SharedError, check_way
from pykcov.instrumentation.cache.index import Head
from pykcov.instrumentation.cache.stamps import NONE
from pykcov.symbols.identity import Range
from pykcov.symbols.store import SymbolStore

BOUND = "PYKCOV_CACHE_MIB"  # environment variable: size limit of a cache; 0: no cache
DEFAULT_MIB = 256
SUFFIX, _NEW = ".code", ".new"
_DAY = 86400
_INSTRUMENTATION = Path(__file__).parents[1]

# Buffers to read files into, used by one thread at a time: allocating costs as much as reading.
_buffers: list[bytearray] = []


def bound() -> int:
    """Return the size limit in bytes. Raises PykcovError: cache-bound."""
    text = os.environ.get(BOUND, str(DEFAULT_MIB))
    if not (text.isascii() and text.isdecimal()):
        raise PykcovError(
            "cache-bound", f"{BOUND} must be a number of MiB, or 0 for none, not {text!r}"
        )
    return int(text) << 20


def folder_of(store: SymbolStore) -> Path:
    """Return the folder of a store's cache, which may not exist."""
    return store.path.with_name(f"{store.path.name}.cache")


def shared(store: SymbolStore) -> str:
    """Return how other users could have put the store, or a cache beside it, in its place; empty if
    they can't. Raises PykcovError as SymbolStore.check() does."""
    try:
        try:
            check_way(store.path)
        except FileNotFoundError:
            store.check()
            check_way(store.path)
        check_way(folder_of(store).parent)
    except SharedError as error:
        return str(error.strerror)
    except OSError as error:
        return f"{store.path}: {error.strerror}"
    return ""


def _name(file: str) -> str:
    return file.rpartition("/")[2]


@functools.cache
def _maker() -> bytes:
    """Return what rewritten code depends on: the running interpreter, and pykcov's own files."""
    columns = list(compile("0", "", "eval").co_positions())  # none under -X no_debug_ranges
    own = [
        (str(f.relative_to(_INSTRUMENTATION)), f.stat())
        for f in sorted(_INSTRUMENTATION.rglob("*.py"))
    ]
    files = [(name, status.st_mtime_ns, status.st_size) for name, status in own]
    made = repr((sys.version, sys.abiflags, MAGIC_NUMBER, columns, files))
    return blake2b(made.encode(), digest_size=16).digest()


def _files(folder: int) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the names of the cache's own files, except `head`."""
    with os.scandir(folder) as found:
        for item in found:
            if item.name.endswith((SUFFIX, _NEW)):
                with suppress(FileNotFoundError):  # another process's, renamed meanwhile
                    yield item.name, item.stat(follow_symlinks=False)


@dataclass
class Cache:
    """The cache of the store with this id. `trouble`: why it can't be used, else empty."""

    folder: Path
    store: str
    bound: int
    trouble: str = ""

    def __post_init__(self) -> None:
        self._folder = Folder(self.folder)
        self._head = Head(self._folder)

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
        cache.trouble = shared(store)
        if cache.trouble:
            return cache
        cache.store = store.identity(cache._head.last())
        _maker()  # now, and not in the first import
        cache._make_folder()
        return cache

    def contents(self) -> tuple[int, int]:
        """Return the number of entries, and the bytes of all files. Raises OSError."""
        try:
            with self._folder.opened() as folder:
                sizes = [(name.endswith(SUFFIX), s.st_size) for name, s in _files(folder)]
        except FileNotFoundError:
            return 0, 0
        return sum(is_entry for is_entry, _ in sizes), sum(size for _, size in sizes)

    def clear(self) -> None:
        """Remove all entries. Raises OSError."""
        if not self.folder.exists():
            return
        with self._folder.opened() as folder, self._head.locked() as fd:
            for name, _ in list(_files(folder)):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
            if (last := self._head.read(fd)[0]) is not None:
                self._head.write(fd, last, 0)

    def _make_folder(self) -> None:
        try:
            with suppress(FileExistsError):
                self.folder.mkdir(mode=0o700)
            os.close(self._folder.open())
        except (SharedError, NotADirectoryError):
            self.trouble = "it is not a directory of this user's alone (mode 0700)"
        except OSError as error:
            self.trouble = f"it can't be made: {error.strerror}"

    def file(self, path: str, filename: str, optimize: int, variant: str) -> str:
        """Return where an entry is, or would be: of the file `path`, whose code has the co_filename
        `filename`, compiled and rewritten like that."""
        key = repr((self.store, path, filename, optimize, variant))
        name = blake2b(key.encode("utf-8", "backslashreplace"), key=_maker(), digest_size=16)
        return f"{self.folder}/{name.hexdigest()}{SUFFIX}"

    def stamped(
        self, path: str, filename: str, optimize: int, variant: str, stamp: bytes
    ) -> Entry | None:
        """Return the entry of file(), if it has this stamp, which is one."""
        return (
            None if stamp == NONE else self.get(self.file(path, filename, optimize, variant), stamp)
        )

    def get(self, file: str, sign: bytes) -> Entry | None:
        """Return what a file holds, if it is an entry of this stamp, or of this digest."""
        with self._read(file) as data:
            try:
                return None if data is None else Entry.of(data, sign)
            except ValueError:
                return None

    @contextmanager
    def _read(self, file: str) -> Iterator[memoryview | None]:
        """Open a file of the cache. What is read is gone at the end."""
        if self.trouble:
            yield None
            return
        try:
            fd = self._folder.open_file(_name(file), os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            yield None
            return
        buffer = _buffers.pop() if _buffers else bytearray(1 << 17)
        try:
            seen = os.fstat(fd)
            size = seen.st_size
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
        new = f"{secrets.token_hex(8)}{_NEW}"
        try:
            with self._folder.opened() as folder:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                fd = os.open(new, flags, 0o600, dir_fd=folder)
                try:
                    with os.fdopen(fd, "wb") as out:
                        out.write(data)
                    with self._head.locked() as fd:
                        self._publish(fd, folder, new, _name(file), len(data), given)
                finally:
                    with suppress(FileNotFoundError):
                        os.unlink(new, dir_fd=folder)
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

    def _publish(
        self, fd: int, folder: int, new: str, name: str, size: int, given: Range | None
    ) -> None:
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
            total -= os.stat(name, dir_fd=folder).st_size
        total += size
        if unknown or not 0 <= total <= self.bound:
            total = self._shrink(folder)
        self._head.write(fd, last, total)
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)

    def _shrink(self, folder: int) -> int:
        """Remove what was used longest ago, if it is too much; return the total."""
        found = sorted((s.st_mtime, s.st_size, name) for name, s in _files(folder))
        total = sum(length for _, length, _ in found)
        most = self.bound if total <= self.bound else self.bound * 3 // 4
        for used, length, name in found:
            is_entry = name.endswith(SUFFIX)
            stale = not is_entry and time.time() - used > _DAY
            if stale or (total > most and is_entry):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
                total -= length
        return total
