"""Folders whose files are trusted, because only this user and root can have put them there.

What is read from the cache is executed. Each call that takes a path resolves it again, and anyone
who can rename something on the way can put another folder there in between. So:

* A folder is opened, its descriptor is checked, and its files are opened relative to that. So what
  was checked is what is read.
* The path to it is resolved in the same way, one name at a time. Each directory and symbolic link
  on it must belong to this user or to root, and not be writable for others. In a sticky directory,
  such as /tmp, others can only create new names, and these belong to them.

Group-writable counts as writable for others, except for a user private group: one with the user's
name and no other members.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LINKS = 40  # as many as Linux follows
_WALK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class SharedError(PermissionError):
    """Raised if others could have put something there; `strerror` says where and how."""


def _is_users_own(group: int) -> bool:
    import grp
    import pwd

    try:
        user, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    alone = set(found.gr_mem) <= {user.pw_name}
    return user.pw_gid == group and found.gr_name == user.pw_name and alone


def _check(seen: os.stat_result, path: str) -> None:
    """Raises SharedError."""
    mode = stat.S_IMODE(seen.st_mode)
    if seen.st_uid not in (0, os.geteuid()):
        raise SharedError(0, f"{path} belongs to another user, {seen.st_uid}")
    if stat.S_ISLNK(seen.st_mode) or (stat.S_ISDIR(seen.st_mode) and mode & stat.S_ISVTX):
        return
    if mode & 0o002 or (mode & 0o020 and not _is_users_own(seen.st_gid)):
        raise SharedError(0, f"other users may write to {path} (mode {mode:04o})")


def check_way(path: Path) -> None:
    """Check that nobody else can have put `path` where it is.

    Raises SharedError, and OSError, for example if it does not exist.
    """
    names = [*reversed(path.absolute().parts[1:])]
    top = os.open("/", _WALK)
    fd, here, links = os.dup(top), "", 0
    try:
        _check(os.fstat(fd), "/")
        while names:
            name = names.pop()
            if name in ("", "."):
                continue
            found = os.open(name, _WALK, dir_fd=fd)
            try:
                _check(seen := os.fstat(found), f"{here}/{name}")
                if stat.S_ISLNK(seen.st_mode):
                    links += 1
                    target = os.readlink("", dir_fd=found)
                    if links > _LINKS:
                        raise SharedError(0, f"{here}/{name} leads to ever more links")
                    names += reversed(target.split("/"))
                    if not target.startswith("/"):
                        continue
                    here = ""
                    os.dup2(top, found, inheritable=False)
                else:
                    here = f"{here}/{name}"
                fd, found = found, fd
            finally:
                os.close(found)
    finally:
        os.close(fd)
        os.close(top)


class Folder:
    """The folder at `path`, which is this user's alone: mode 0700. Raises OSError, in each method
    that opens it; SharedError where it is not like that."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> int:
        """Return a descriptor of it, checked."""
        fd = os.open(self.path, _OPEN)
        seen = os.fstat(fd)
        if seen.st_uid == os.geteuid() and not seen.st_mode & 0o077:
            return fd
        os.close(fd)
        raise SharedError(0, "it is not a directory of this user's alone (mode 0700)")

    @contextmanager
    def opened(self) -> Iterator[int]:
        """In `with`: such a descriptor."""
        fd = self.open()
        try:
            yield fd
        finally:
            os.close(fd)

    def open_file(self, name: str, flags: int) -> int:
        """Return a descriptor of a file in it, which is this user's, and nobody else's to write."""
        with self.opened() as folder:
            fd = os.open(name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        seen = os.fstat(fd)
        if seen.st_uid == os.geteuid() and stat.S_ISREG(seen.st_mode) and not seen.st_mode & 0o022:
            return fd
        os.close(fd)
        raise SharedError(0, f"{name} is not a file of this user's alone")
