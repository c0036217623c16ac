"""Files that a kernel shows to its guests, in addition to the host's.

`kernel.files` maps paths to nodes; a node hides what the host has at and below its path.
"""

from __future__ import annotations

import errno
import fcntl
import os
import posixpath
import stat
from collections.abc import Iterator, Mapping, MutableMapping

from pykcov.abi.stat import DT_DIR, DT_REG, pack_dirents
from pykcov.errors import fail
from pykcov.kernel.interface import HOST, Caller, Node, OpenFile, reopen

_NAME_MAX = 255


class File(Node):
    """A regular file with fixed content, which guests can read and map."""

    def __init__(self, data: bytes = b"", mode: int = 0o644) -> None:
        super().__init__(mode)
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise fail(errno.EACCES)
        return OpenData(self, flags, path)


class Directory(Node):
    """A directory with fixed entries."""

    kind = stat.S_IFDIR

    def __init__(self, entries: Mapping[str, Node], mode: int = 0o755) -> None:
        super().__init__(mode)
        self.entries = dict(entries)

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        return OpenDirectory(self, flags, path)


# -- open files -----------------------------------------------------------------------------------


class OpenData(OpenFile):
    """An open File. Its placeholder holds the data, so that the host can run all calls on it."""

    def placeholder(self) -> int:
        assert isinstance(self.node, File)
        fd = os.memfd_create(
            os.path.basename(self.path)[:200], os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        )
        try:
            with open(fd, "wb", closefd=False) as file:
                file.write(self.node.data)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK
                        | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)  # fmt: skip
            return reopen(fd, self.host_flags)
        finally:
            os.close(fd)

    def read(self, task: Caller, address: int, count: int) -> object:
        return HOST

    def pread(self, task: Caller, address: int, count: int, offset: int) -> object:
        return HOST

    def lseek(self, task: Caller, offset: int, whence: int) -> object:
        return HOST

    def mmap(self, task: Caller, length: int, offset: int) -> object:
        return HOST


class OpenDirectory(OpenFile):
    """An open Directory, with a read position."""

    def placeholder(self) -> int:
        return empty_directory()

    def entries(self) -> list[tuple[str, Node]]:
        """Return name and node of each entry, in order."""
        assert isinstance(self.node, Directory)
        there = [(name, node) for name, node in self.node.entries.items() if node.exists()]
        return [(".", self.node), ("..", self.node), *there]

    def read(self, task: Caller, address: int, count: int) -> object:
        raise fail(errno.EISDIR)

    def pread(self, task: Caller, address: int, count: int, offset: int) -> object:
        raise fail(errno.EISDIR)

    def lseek(self, task: Caller, offset: int, whence: int) -> object:
        if whence != os.SEEK_SET or offset < 0:
            raise fail(errno.EINVAL)
        self.position = offset
        return offset

    def getdents64(self, task: Caller, address: int, count: int) -> object:
        rest = [
            (name, node.ino, DT_DIR if stat.S_ISDIR(node.mode) else DT_REG)
            for name, node in self.entries()[self.position :]
        ]
        packed, number = pack_dirents(rest, self.position, count)
        if rest and not number:
            raise fail(errno.EINVAL)
        task.write(address, packed)
        self.position += number
        return len(packed)


def empty_directory() -> int:
    """Open a host directory that is already removed, and so disappears when it is closed."""
    import tempfile  # imported here, because few programs need it

    folder = tempfile.mkdtemp(prefix="pykcov-")
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    finally:
        os.rmdir(folder)


# -- paths ----------------------------------------------------------------------------------------


class Files(MutableMapping[str, Node]):
    """Absolute paths and the nodes that guests find there."""

    def __init__(self) -> None:
        self._mounts: dict[str, Node] = {}

    def __setitem__(self, path: str, node: Node) -> None:
        """Raises ValueError for a path that is not absolute and normalized, and for the root."""
        normal = posixpath.normpath(path) == path and not path.startswith("//")
        if not path.startswith("/") or not normal or path == "/":
            raise ValueError(
                f"a path for the kernel's files must be absolute and normalized: {path!r}"
            )
        self._mounts[path] = node

    def __getitem__(self, path: str) -> Node:
        return self._mounts[path]

    def __delitem__(self, path: str) -> None:
        del self._mounts[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._mounts)

    def __len__(self) -> int:
        return len(self._mounts)

    def find(self, path: str) -> list[Node | None] | None:
        """Return the nodes from the mount that covers a normalized path down to the path itself.

        None stands for each missing name. Returns None if the path is on the host.
        Raises OSError: ENOTDIR for a name below a file, ENAMETOOLONG.
        """
        for mount, node in self._mounts.items():
            if (path == mount or path.startswith(mount + "/")) and node.exists():
                names = path[len(mount) + 1 :]
                return self._walk(node, names.split("/") if names else [])
        return None

    def covering(self, path: str) -> str | None:
        """Return the mount at or above a path, whether or not its node exists now, or None."""
        return next((m for m in self._mounts if path == m or path.startswith(m + "/")), None)

    def below(self, path: str) -> bool:
        """Is there a mount below this normalized host path?"""
        return any(mount.startswith(path + "/") for mount in self._mounts)

    def _walk(self, node: Node, names: list[str]) -> list[Node | None]:
        chain: list[Node | None] = [node]
        for done, name in enumerate(names):
            if not isinstance(node, Directory):
                raise fail(errno.ENOTDIR)
            if len(os.fsencode(name)) > _NAME_MAX:
                raise fail(errno.ENAMETOOLONG)
            found = node.entries.get(name)
            if found is None or not found.exists():
                return [*chain, *[None] * (len(names) - done)]
            chain.append(node := found)
        return chain
