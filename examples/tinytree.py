"""The tree of tinykernel's: names of files, and who may do what with them."""

from __future__ import annotations

import errno
import os
import posixpath
import stat

from pykcov.kernel import Credentials, Files, Node, Place, fail
from tinyfiles import Folder, Inode, Regular, Space

PATH_MAX = 4096
INODE_BYTES = 1024  # what a file or directory counts for beside its content
RENAME_NOREPLACE = 1


class Tree(Space):
    """All that is below one path.

    A Place is what lookup() saw, without the lock. Methods are called with it, and look again. They
    check in the order in which Linux does.
    """

    def __init__(self, files: Files, path: str) -> None:
        super().__init__()
        self.files = files
        self.root = Folder(self, 0o755)
        self.root.name = path
        files[path] = self.root

    def find(self, who: Credentials, place: Place) -> tuple[Folder | None, str, Inode | None]:
        """Return directory, name and what is there. The root is in no directory.

        Raises ENOENT and EACCES for the way there.
        """
        if not all(who.may(folder, os.X_OK) for folder in place.passed):
            raise fail(errno.EACCES)
        chain = self.files.find(place.path) or [None, None]
        if None in chain[:-1]:
            raise fail(errno.ENOENT)
        above, node = chain[-2] if len(chain) > 1 else None, chain[-1]
        assert above is None or isinstance(above, Folder)
        assert node is None or isinstance(node, Inode)
        return above, posixpath.basename(place.path), node

    # -- open -------------------------------------------------------------------------------------

    def find_or_make(self, who: Credentials, place: Place, flags: int, mode: int) -> Node:
        """Return what open(2) opens."""
        if place.file is not None and flags & os.O_CREAT and flags & os.O_EXCL:
            raise fail(errno.EEXIST)
        if place.file is not None:
            return place.file.node
        folder, name, node = self.find(who, place)
        if flags & os.O_CREAT and place.last.endswith("/"):
            raise fail(errno.EISDIR)
        if node is None:
            if not flags & os.O_CREAT:
                raise fail(errno.ENOENT)
            return self.make(who, folder, name, Regular(self, mode))
        if flags & os.O_CREAT and flags & os.O_EXCL:
            raise fail(errno.EEXIST)
        if place.last.endswith("/") and not isinstance(node, Folder):
            raise fail(errno.ENOTDIR)
        return node

    @staticmethod
    def check_open(who: Credentials, node: Node, flags: int) -> None:
        """Raise OSError unless it may be opened so."""
        writes = flags & os.O_ACCMODE != os.O_RDONLY or flags & os.O_TRUNC
        if isinstance(node, Folder):
            if writes or flags & os.O_CREAT:
                raise fail(errno.EISDIR)
        elif flags & os.O_DIRECTORY:
            raise fail(errno.ENOTDIR)
        want = os.W_OK if writes else 0
        if flags & os.O_ACCMODE != os.O_WRONLY:
            want |= os.R_OK
        if not who.may(node, want):
            raise fail(errno.EACCES)

    # -- change -----------------------------------------------------------------------------------

    def make_folder(self, who: Credentials, place: Place, mode: int) -> None:
        """As mkdir(2)."""
        folder, name, node = self.find(who, place)
        if node is not None:
            raise fail(errno.EEXIST)
        self.make(who, folder, name, Folder(self, mode))

    def make(self, who: Credentials, folder: Folder | None, name: str, node: Inode) -> Inode:
        """Put a new inode into a directory."""
        assert folder is not None
        check_change(who, folder)
        if len(folder.path) + len(name) + 2 > PATH_MAX:
            raise fail(errno.ENAMETOOLONG)
        self.charge(INODE_BYTES)
        node.cost = INODE_BYTES
        node.uid, node.gid = who.uid, who.gid
        folder.put(name, node)
        return node

    def remove(self, who: Credentials, place: Place, is_folder: bool) -> None:
        """As rmdir(2), or else unlink(2)."""
        folder, name, node = self.find(who, place)
        last = place.last.rstrip("/")
        if is_folder and last == ".":
            raise fail(errno.EINVAL)
        if is_folder and last == "..":
            raise fail(errno.ENOTEMPTY)
        if node is None:
            raise fail(errno.ENOENT)
        if not is_folder and place.last.endswith("/") and not isinstance(node, Folder):
            raise fail(errno.ENOTDIR)
        if folder is None:
            raise fail(errno.EBUSY if is_folder else errno.EISDIR)
        check_change(who, folder, node)
        check_replaced(node, is_folder)
        folder.take(name).free()

    def move(self, who: Credentials, source: Place, target: Place, flags: int) -> None:
        """As rename(2)."""
        above, name, node = self.find(who, source)
        folder, new_name, replaced = self.find(who, target)
        if above is None or source.last.rstrip("/") in (".", ".."):
            raise fail(errno.EBUSY)
        if folder is None or target.last.rstrip("/") in (".", ".."):
            raise fail(errno.EEXIST if flags == RENAME_NOREPLACE else errno.EBUSY)
        if node is None:
            raise fail(errno.ENOENT)
        if replaced is not None and flags == RENAME_NOREPLACE:
            raise fail(errno.EEXIST)
        if not isinstance(node, Folder) and "/" in source.last + target.last:
            raise fail(errno.ENOTDIR)
        if is_below(folder, node):
            raise fail(errno.EINVAL)
        if replaced is not None and is_below(above, replaced):
            raise fail(errno.ENOTEMPTY)
        if node is replaced:
            return
        check_change(who, above, node)
        check_change(who, folder, replaced)
        if replaced is not None:
            check_replaced(replaced, isinstance(node, Folder))
        above.take(name)
        folder.put(new_name, node)


def check_change(who: Credentials, folder: Folder, node: Inode | None = None) -> None:
    """Raise EACCES unless names of a directory may be changed, EPERM for another's `node` in one
    with the sticky bit."""
    if not who.may(folder, os.W_OK | os.X_OK):
        raise fail(errno.EACCES)
    if node is None or not folder.mode & stat.S_ISVTX or who.uid in (folder.uid, node.uid):
        return
    if not who.overrides(node):
        raise fail(errno.EPERM)


def check_replaced(node: Inode, is_folder: bool) -> None:
    """Raise OSError unless a directory, or else something that is none, may go in its place."""
    if is_folder and not isinstance(node, Folder):
        raise fail(errno.ENOTDIR)
    if isinstance(node, Folder):
        if not is_folder:
            raise fail(errno.EISDIR)
        if node.entries:
            raise fail(errno.ENOTEMPTY)


def is_below(folder: Folder, node: Inode) -> bool:
    """Is it, or a directory above it, `node`?"""
    above: Folder | None = folder
    while above is not None and above is not node:
        above = above.parent
    return above is not None
