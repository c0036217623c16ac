"""Files and directories of tinykernel's tree, and open files of them."""

from __future__ import annotations

import dataclasses
import errno
import os
import threading
import time

from pykcov.abi.stat import Stat
from pykcov.kernel import Caller, Directory, Node, OpenDirectory, OpenFile, fail
from tinyio import Counting, Opened, Stream

MOST_BYTES = 64 << 20  # of the whole tree; past it ENOSPC


class Space:
    """What all inodes share. `lock` guards names, contents and positions.

    Nothing is read from or written to a guest's memory under the lock: the guest decides how long
    that takes.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.used = 0

    def charge(self, size: int) -> None:
        """Count `size` bytes more, or less. Raises ENOSPC."""
        if size > 0 and self.used + size > MOST_BYTES:
            raise fail(errno.ENOSPC)
        self.used += size


class Inode(Counting):
    """A file or directory: it has one name, in `parent`, until it is removed.

    The root has none, and its path for a name; so has what was removed, as Linux writes it.
    """

    space: Space
    parent: Folder | None = None
    name = ""
    removed = False
    opens = 0  # open files of it
    cost = 0  # what it was charged for beside its content

    @property
    def path(self) -> str:
        names, node = [self.name], self.parent
        while node is not None:
            names.append(node.name)
            node = node.parent
        return "/".join(reversed(names))

    @property
    def links(self) -> int:
        """st_nlink."""
        return 0 if self.removed else 1

    def stat(self) -> Stat:
        return dataclasses.replace(super().stat(), nlink=self.links)

    def touch(self) -> None:
        """Its content is another one now."""
        self.mtime = self.ctime = time.time_ns()

    def opened(self, flags: int) -> None:
        with self.space.lock:
            self.opens += 1

    def closed(self, flags: int) -> None:
        with self.space.lock:
            self.opens -= 1
            self.free()

    def free(self) -> None:
        """Give the space back if no name and no open file is left. The lock is held."""
        if self.removed and not self.opens:
            self.clear()
            self.space.charge(-self.cost)
            self.cost = 0

    def clear(self) -> None:
        """Forget the content. The lock is held."""


class Folder(Inode, Directory):
    """A directory."""

    def __init__(self, space: Space, mode: int) -> None:
        super().__init__({}, mode)
        self.space = space

    @property
    def links(self) -> int:
        below = sum(isinstance(node, Folder) for node in self.entries.values())
        return 0 if self.removed else 2 + below

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        return OpenFolder(self, flags, path)

    def put(self, name: str, node: Inode) -> None:
        """Give `node` this name here; what had it, has none any more."""
        before = self.entries.get(name)
        if isinstance(before, Inode):
            self.take(name)
            before.free()
        self.entries[name] = node
        node.name, node.parent, node.removed = name, self, False
        node.ctime = time.time_ns()
        self.touch()

    def take(self, name: str) -> Inode:
        """Remove a name; return what had it."""
        node = self.entries.pop(name)
        assert isinstance(node, Inode)
        node.name, node.parent, node.removed = f"{node.path} (deleted)", None, True
        node.ctime = time.time_ns()
        self.touch()
        return node


class Regular(Inode):
    """A regular file."""

    def __init__(self, space: Space, mode: int) -> None:
        super().__init__(mode)
        self.space = space
        self.content = bytearray()

    @property
    def size(self) -> int:
        return len(self.content)

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        return OpenRegular(self, flags, path)

    def resize(self, size: int) -> None:
        """Cut it, or extend it with zeros. Raises ENOSPC. The lock is held."""
        self.space.charge(size - self.size)
        if size < self.size:
            del self.content[size:]
        else:
            self.content.extend(bytes(size - self.size))

    def truncate(self, size: int) -> int:
        """As truncate(2), permissions and `size` having been checked."""
        with self.space.lock:
            self.resize(size)
            self.touch()
        return 0

    def clear(self) -> None:
        self.resize(0)


# -- open files ----------------------------------------------------------------------------------


class OpenFolder(Opened, OpenDirectory):
    """A directory's. It lists what was there when the listing began."""

    node: Folder

    def __init__(self, node: Folder, flags: int, path: str) -> None:
        super().__init__(node, flags, path)
        self.listing: list[tuple[str, Node]] = []

    def entries(self) -> list[tuple[str, Node]]:
        with self.node.space.lock:
            if self.node.removed:
                raise fail(errno.ENOENT)
            if self.position == 0:
                dots = [(".", self.node), ("..", self.node.parent or self.node)]
                self.listing = [*dots, *self.node.entries.items()]
        return self.listing


class OpenRegular(Stream):
    """A regular file's."""

    node: Regular

    def take(self, task: Caller, size: int, at: int | None = None) -> bytes:
        with self.node.space.lock:
            start = self.position if at is None else at
            data = bytes(self.node.content[start : start + size])
            if at is None:
                self.position += len(data)
        return data

    def put(self, task: Caller, data: bytes, at: int | None = None) -> int:
        if not data:
            return 0
        node = self.node
        with node.space.lock:
            start = self.position if at is None else at
            if self.flags & os.O_APPEND:
                start = node.size
            node.resize(max(node.size, start + len(data)))
            node.content[start : start + len(data)] = data
            node.touch()
            if at is None:
                self.position = start + len(data)
        return len(data)

    def pread(self, task: Caller, address: int, count: int, offset: int) -> object:
        return self.scatter(task, [(address, count)], offset)

    def pwrite(self, task: Caller, address: int, count: int, offset: int) -> object:
        return self.gather(task, [(address, count)], offset)

    def lseek(self, task: Caller, offset: int, whence: int) -> object:
        with self.node.space.lock:
            start = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.node.size}
            new = offset + start.get(whence, -(1 << 63))
            if not 0 <= new < 1 << 63:
                raise fail(errno.EINVAL)
            self.position = new
        return new

    def truncate(self, task: Caller, length: int) -> object:
        return self.node.truncate(length)
