"""Where devices are: sockets in a private directory of the user.

A device is shown in $XDG_RUNTIME_DIR/pykcov, or in /tmp/pykcov-UID if the variable is not set to a
directory of this user. Clients look in both, and in /run/user/UID/pykcov, because they may have
been started with another environment than the service. If PYKCOV_DEVICES is set, only that
directory is used.
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

JOIN = "PYKCOV_JOIN"  # environment variable: the device that a new Python process joins as a worker
Stamp = tuple[int, int]
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_LONGEST = 107  # bytes of a socket's path: sun_path, less its NUL


def _candidates(*, showing: bool = False) -> list[Path]:
    given, user = os.environ.get("PYKCOV_DEVICES"), os.getuid()
    if given:
        return [Path(given).absolute()]
    roots = [os.environ.get("XDG_RUNTIME_DIR")]
    if not showing:  # a service must not lose its socket when the user logs out
        roots.append(f"/run/user/{user}")
    # After sudo or su it may be another user's: files made there would be in that user's way.
    paths = [Path(root).absolute() for root in roots if root]
    found = [path / "pykcov" for path in paths if _owner(path) == user]
    return list(dict.fromkeys([*found, Path(f"/tmp/pykcov-{user}")]))


def _owner(path: Path) -> int | None:
    """Return the owner of a directory; None if it is not a directory."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_uid if stat.S_ISDIR(seen.st_mode) else None


def _check(path: Path, showing: bool = False) -> None:
    """Raise PykcovError device-directory if other users can get into it. Raises OSError, too.

    Root may use any user's directory, but only if PYKCOV_DEVICES names it: otherwise any user could
    make root connect to their sockets.
    """
    seen = path.lstat()
    named = os.environ.get("PYKCOV_DEVICES") and os.getuid() == 0 and not showing
    is_theirs = seen.st_uid != os.getuid() and not named
    if not stat.S_ISDIR(seen.st_mode) or is_theirs or seen.st_mode & 0o077:
        raise PykcovError(
            "device-directory",
            f"{path} is not a private directory of this user (mode 0700), so others could reach "
            "the devices in it; choose another directory with PYKCOV_DEVICES",
        )


def directory() -> Path:
    """Return the directory where this process shows a device; it is created if missing.

    Raises PykcovError: device-directory.
    """
    path = _candidates(showing=True)[0]
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        _check(path, showing=True)
    except OSError as error:
        raise PykcovError(
            "device-directory",
            f"can't make {path}, the directory for devices: {error.strerror}; choose another one "
            "with PYKCOV_DEVICES",
        ) from error
    return path


def directories() -> list[Path]:
    """Return the existing directories to look for devices in.

    Raises PykcovError device-directory if the first one is not private; others are then skipped.
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
            "device-name",
            f"{name!r} can't be a device's name: use letters, digits, '._-', 64 at most",
        )
    path = folder / f"{name}.sock"
    if (size := len(os.fsencode(path))) > _LONGEST:
        raise PykcovError(
            "device-directory",
            f"the path of the device's socket, {path}, has {size} bytes, but Linux allows "
            f"{_LONGEST}: set PYKCOV_DEVICES to a shorter directory, or choose a shorter name",
        )
    return path


def socket_of(name: str) -> Path:
    """Return the path of a device's socket; if there is none, the path that it would have.

    Raises PykcovError: device-name, device-directory.
    """
    paths = [_path(folder, name) for folder in directories()]
    found = [path for path in paths if path.exists()]
    if len(found) > 1:
        found = [path for path in found if not _is_dead(path)] or found
    return found[0] if found else _path(_candidates()[0], name)


def socket_for(name: str) -> Path:
    """Return the path of the socket for a device that this process is about to show.

    Raises PykcovError: device-taken if a process shows one in another directory, device-name,
    device-directory.
    """
    path = _path(directory(), name)
    if (other := socket_of(name)) != path and other.exists() and not _is_dead(other):
        raise taken(name)
    return path


def stamp(path: Path | bytes) -> Stamp | None:
    """Return the identity of a socket, in about a microsecond; None if there is none.

    A device that is shown again has another socket under the same name.
    """
    try:
        seen = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return seen.st_ino, seen.st_ctime_ns


def taken(name: str) -> PykcovError:
    """Return the error for a process that can't show a device as `name`."""
    return PykcovError("device-taken", f"another process already shows a device as {name!r}")


def missing(name: str, path: Path, error: OSError) -> PykcovError:
    """Return the error for a client that can't connect to the device `name`."""
    if isinstance(error, FileNotFoundError):
        where = " or ".join(map(str, _candidates()))
        text = f"no process shows a device as {name!r} in {where}"
    elif isinstance(error, ConnectionRefusedError):
        text = f"no process shows a device as {name!r} any more; its socket {path} is left over"
    else:
        text = f"cannot connect to the device {name!r} at {path}: {error.strerror}"
    return PykcovError("device-missing", text)


def names() -> list[str]:
    """Return the names of the devices that processes show. Removes sockets of dead processes.

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
    """Let one process at a time make and remove sockets in a directory."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_dead(path: Path) -> bool:
    """Does no process listen on this socket any more? Raises OSError if that can't be found out."""
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
    """Remove a socket whose process has ended. Returns whether it had."""
    if not _is_dead(path):
        return False
    with contextlib.suppress(OSError), _locked(path.parent):
        if _is_dead(path):  # still
            path.unlink(missing_ok=True)
    return True


def bind(path: Path) -> socket.socket:
    """Return a listening socket; replaces the socket of a process that has ended.

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
    """Remove a listener's socket; call it before closing, as the path may then be another's."""
    with contextlib.suppress(OSError), _locked(path.parent):
        path.unlink(missing_ok=True)
