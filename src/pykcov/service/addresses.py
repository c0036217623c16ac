"""Where devices are: sockets in a directory that is the user's alone.

A device is shown in $XDG_RUNTIME_DIR/pykcov, or in /tmp/pykcov-UID where that variable names no
directory of this user's. It is looked for in both, and in /run/user/UID/pykcov, because a service
and its client may have been started with different environments. If PYKCOV_DEVICES is set, its
directory is the only one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from pykcov.errors import PykcovError

JOIN = "PYKCOV_JOIN"  # in the environment: the device whose worker a Python that starts becomes
Stamp = tuple[int, int]
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_LONGEST = 107  # bytes of a socket's path: sun_path, less its NUL


def _candidates(*, showing: bool = False) -> list[Path]:
    given, user = os.environ.get("PYKCOV_DEVICES"), os.getuid()
    if given:
        return [Path(given).absolute()]
    roots = [os.environ.get("XDG_RUNTIME_DIR")]
    if not showing:  # who has not asked for it is not to lose its socket when the user logs out
        roots.append(f"/run/user/{user}")
    # sudo and su may leave another user's: what were made there would be in that user's way.
    paths = [Path(root).absolute() for root in roots if root]
    found = [path / "pykcov" for path in paths if _owner(path) == user]
    return list(dict.fromkeys([*found, Path(f"/tmp/pykcov-{user}")]))


def _owner(path: Path) -> int | None:
    """Return the user whose directory it is, None if it is none."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_uid if stat.S_ISDIR(seen.st_mode) else None


def _check(path: Path, showing: bool = False) -> None:
    """Raises PykcovError device-directory when others than the user reach it. OSError.

    Root may look into any user's, but only where PYKCOV_DEVICES names it: if it were found by
    itself, any user could have root connect to what he shows.
    """
    seen = path.lstat()
    named = os.environ.get("PYKCOV_DEVICES") and os.getuid() == 0 and not showing
    is_theirs = seen.st_uid != os.getuid() and not named
    if not stat.S_ISDIR(seen.st_mode) or is_theirs or seen.st_mode & 0o077:
        raise PykcovError(
            "device-directory",
            f"{path} is not a directory of this user's alone (mode 0700): others could get at the "
            "devices in it; PYKCOV_DEVICES names another directory",
        )


def directory() -> Path:
    """Return the directory where this process shows a device; it is made if it isn't there.

    Raises PykcovError: device-directory.
    """
    path = _candidates(showing=True)[0]
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        _check(path, showing=True)
    except OSError as error:
        raise PykcovError(
            "device-directory",
            f"can't make {path}, the directory for devices: {error.strerror}; PYKCOV_DEVICES names "
            "another directory",
        ) from error
    return path


def directories() -> list[Path]:
    """Return the directories to look for devices in, those that are there.

    Raises PykcovError device-directory, for the first one: others are passed over.
    """
    found: list[Path] = []
    for number, path in enumerate(_candidates()):
        try:
            _check(path)
        except OSError:
            continue
        except PykcovError:
            if number == 0:
                raise
            continue
        found.append(path)
    return found


def _path(folder: Path, name: str) -> Path:
    """Return the path of a socket. Raises PykcovError: device-name, device-directory."""
    if not _NAME.fullmatch(name):
        raise PykcovError(
            "device-name", f"{name!r} can't be a device's name: letters, digits, '._-', at most 64"
        )
    path = folder / f"{name}.sock"
    if (size := len(os.fsencode(path))) > _LONGEST:
        raise PykcovError(
            "device-directory",
            f"the path of the device's socket, {path}, has {size} bytes, and Linux takes "
            f"{_LONGEST}: set PYKCOV_DEVICES to a shorter directory, or take a shorter name",
        )
    return path


def socket_of(name: str) -> Path:
    """Return the path of a device's socket; where none is there, the path that one would have.

    Raises PykcovError: device-name, device-directory.
    """
    paths = [_path(folder, name) for folder in directories()]
    found = [path for path in paths if path.exists()]
    if len(found) > 1:
        found = [path for path in found if not _is_dead(path)] or found
    return found[0] if found else _path(_candidates()[0], name)


def socket_for(name: str) -> Path:
    """Return the path of the socket of a device that this process is about to show.

    Raises PykcovError: device-taken, when a process shows one in another directory, device-name,
    device-directory.
    """
    path = _path(directory(), name)
    if (other := socket_of(name)) != path and other.exists() and not _is_dead(other):
        raise taken(name)
    return path


def stamp(path: Path | bytes) -> Stamp | None:
    """Return what says whether it is the same socket, a microsecond's work; None if there is none.

    A device that is shown anew has another socket, under the same name.
    """
    try:
        seen = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return seen.st_ino, seen.st_ctime_ns


def taken(name: str) -> PykcovError:
    """Return what a process is told that can't show a device as `name`."""
    return PykcovError("device-taken", f"another process shows a device as {name!r}")


def missing(name: str, path: Path, error: OSError) -> PykcovError:
    """Return what a client is told that can't connect to the socket of the device `name`."""
    if isinstance(error, FileNotFoundError):
        where = " or ".join(map(str, _candidates()))
        text = f"no process shows a device as {name!r} in {where}"
    elif isinstance(error, ConnectionRefusedError):
        text = f"no process shows a device as {name!r} any more: {path} is what it left behind"
    else:
        text = f"no connection to the device {name!r} at {path}: {error.strerror}"
    return PykcovError("device-missing", text)


def names() -> list[str]:
    """Return the names of the devices that processes show. What a dead one has left is removed.

    Raises PykcovError: device-directory.
    """
    found = set()
    for folder in directories():
        for path in folder.glob("*.sock"):
            if _owner(folder) != os.getuid() or not _remove_dead(path):
                found.add(path.stem)
    return sorted(found)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Of all that make and remove sockets, one process at a time does."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_dead(path: Path) -> bool:
    """Does no process listen to this socket any more? Raises OSError when that can't be told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except BlockingIOError:  # it lives, and is busy
            return False
    return False


def _remove_dead(path: Path) -> bool:
    """Remove a socket that its process has left behind. Returns whether it was dead."""
    if not _is_dead(path):
        return False
    with contextlib.suppress(OSError), _locked(path.parent):
        if _is_dead(path):  # still
            path.unlink(missing_ok=True)
    return True


def bind(path: Path) -> socket.socket:
    """Return a listening socket; one that its process has left behind is replaced.

    Raises PykcovError: device-taken.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with _locked(path.parent):
            if path.exists():
                if not _is_dead(path):
                    raise taken(path.stem)
                path.unlink(missing_ok=True)
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(128)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def unbind(path: Path) -> None:
    """Remove the socket of a listener, before that is closed: afterwards it may be another's."""
    with contextlib.suppress(OSError), _locked(path.parent):
        path.unlink(missing_ok=True)
