"""Where devices are: sockets in a directory that is the user's alone."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import stat
from pathlib import Path

from pykcov.errors import PykcovError

JOIN = "PYKCOV_JOIN"  # in the environment: the device whose worker a Python that starts becomes
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


def directory() -> Path:
    """Return the directory, made if it was not there. Raises PykcovError: device-directory."""
    given, runtime = os.environ.get("PYKCOV_DEVICES"), os.environ.get("XDG_RUNTIME_DIR")
    if given:
        path = Path(given).absolute()
    elif runtime:
        path = Path(runtime).absolute() / "pykcov"
    else:
        path = Path(f"/tmp/pykcov-{os.getuid()}")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        seen = path.lstat()
    except OSError as error:
        raise PykcovError(
            "device-directory", f"no directory for devices, {path}: {error.strerror}"
        ) from error
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o077:
        raise PykcovError(
            "device-directory",
            f"{path} is not a directory of this user's alone (mode 0700): devices would be others' "
            "to reach",
        )
    return path


def socket_of(name: str) -> Path:
    """Return the path of a device's socket. Raises PykcovError: device-name, device-directory."""
    path = directory() / f"{name}.sock"
    if not _NAME.fullmatch(name) or len(os.fsencode(path)) > 107:  # sun_path, less its NUL
        raise PykcovError(
            "device-name", f"{name!r} can't be a device's name: letters, digits, '._-', at most 64"
        )
    return path


def names() -> list[str]:
    """Return the names of devices, those included whose process is gone."""
    return sorted(path.stem for path in directory().glob("*.sock"))


def bind(path: Path) -> socket.socket:
    """Return a listening socket; one that its process has left behind is replaced.

    Raises PykcovError: device-taken.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with (path.parent / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
                try:
                    probe.connect(str(path))
                except OSError:
                    path.unlink(missing_ok=True)
                else:
                    listener.close()
                    raise PykcovError(
                        "device-taken", f"another process shows a device as {path.stem!r}"
                    )
        listener.bind(str(path))
        path.chmod(0o600)
    listener.listen(128)
    listener.setblocking(False)
    return listener
