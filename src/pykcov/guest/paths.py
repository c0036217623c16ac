"""Where a guest's path leads: into a mount of the kernel's, to an open file, or to the host.

A path is walked as Linux walks it: links of the host's may lead into a mount, and ".." out of one.
What the guest changes between this look and the host's own is its own affair: guests are shown a
device, they are not confined.
"""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Callable

from pykcov.errors import fail
from pykcov.kernel.files import Directory, Files
from pykcov.kernel.host_files import Outside
from pykcov.kernel.interface import Node, OpenFile, Place

_MAX_LINKS = 40  # MAXSYMLINKS; past it the host answers, with ELOOP


def walk(
    start: str, path: str, follow: bool, files: Files, file_at: Callable[[str], OpenFile | None],
    own: dict[str, str], away: bool = False, root: str = "/",
) -> Place:  # fmt: skip
    """Walk `path` from the directory `start`, absolute both or not.

    follow: through a link in the last place, too. file_at: the open file behind a path of the
    host's, as /proc/PID/fd/N. own: what "/proc/self" and its like are for the task. away: the host
    does not know that `start` is where the path starts. root: the task's, which chroot(2) changes.

    Raises OSError: what Linux would say of a path that the host cannot follow.
    """
    at = root if path.startswith("/") else start
    rest = _names(path)
    last = path[len(path.rstrip("/").rpartition("/")[0]) :].lstrip("/")
    must_follow = follow or path.endswith(("/", "/."))
    links = 0
    lost = away  # the host cannot go this way: it leads out of a mount
    chain = files.find(at)
    passed: list[Directory] = []
    while rest:
        name, before = rest.pop(), at
        if chain and isinstance(chain[-1], Directory):
            passed.append(chain[-1])
        if name in (".", ".."):
            if not away or at != start:  # which is a directory, also when it has been removed
                _check_directory(chain)
            if name == ".":
                continue
        if name == "..":
            at = at if at == root else posixpath.dirname(at)
        else:
            at = posixpath.join(at, name)
        inside, chain = chain, files.find(at)
        if chain is not None:
            continue
        if inside is not None and not os.path.isdir(before):
            lost = True
        at = own.get(at, at)
        if name == ".." or (not rest and not must_follow):
            continue
        try:
            link = os.readlink(at)
        except OSError:
            if rest and rest[-1] in (".", "..") and not os.path.isdir(at) and not files.below(at):
                if lost:
                    raise fail(errno.ENOTDIR if os.path.lexists(at) else errno.ENOENT) from None
                return Place(at)  # there is no way back from there: the host says so
            continue  # no link: the host's, unless a mount follows
        if at.startswith("/proc/") and (file := file_at(at)) is not None:
            if not rest:
                return Place(file.path, file=file, last=last)
            at, chain, lost = file.path, files.find(file.path), True
            continue
        if not link.startswith("/") and at.startswith("/proc/") and ":" in link:
            break  # pipe:[1] and its like name nothing
        links += 1
        if links > _MAX_LINKS:
            if lost:
                raise fail(errno.ELOOP)
            return Place(at)
        at = root if link.startswith("/") else posixpath.dirname(at)
        rest += _names(link)
    if chain is None and lost:
        chain = [_outside(at)]
    return Place(at, chain, last=last, passed=tuple(passed))


def _outside(path: str) -> Node | None:
    """What the host has there. Raises OSError."""
    try:
        return Outside(path)
    except FileNotFoundError:
        return None


def _names(path: str) -> list[str]:
    """Names of a path, the last one first."""
    return [name for name in reversed(path.split("/")) if name]


def _check_directory(chain: list[Node | None] | None) -> None:
    """Raise OSError when "." and ".." cannot be looked up there. The host sees to its own."""
    if chain and chain[-1] is None:
        raise fail(errno.ENOENT)
    if chain and not isinstance(chain[-1], Directory):
        raise fail(errno.ENOTDIR)
