"""Shows this process's device, or joins that of another; forked children join their parent's."""

from __future__ import annotations

import atexit
import os
import threading
import time

from pykcov import forks
from pykcov.errors import PykcovError
from pykcov.instrumentation.session import restore
from pykcov.probe import Unseen, quiet
from pykcov.service import same_service
from pykcov.service.addresses import taken
from pykcov.service.connection import Link
from pykcov.service.holder import Holder
from pykcov.service.peer import ProcessTask
from pykcov.service.protocol import Kind
from pykcov.service.server import Server
from pykcov.service.standby import Standby
from pykcov.service.worker import Member, join, joined
from pykcov.symbols.active import current_store

_PATIENCE = 5.0  # seconds to wait while a device is being taken over

# Guards the variables below. Forks wait for it: a child forked while a server is being made would
# not know about it, and keep its socket open.
_lock = threading.RLock()
_server: Server | None = None
_standby: Standby | None = None


def serve(name: str, *, join: bool | None = None) -> Server | Standby:
    """Show this process's device to other processes of this user, as `name`, until it ends.

    The process's workers are part of the device: processes forked from it, and Python processes
    that it starts, which learn of it through PYKCOV_JOIN in os.environ.

    If another process of the same service shows the device already, this one joins it, and clients
    collect from here, too. When that process ends, this one, or another one standing by, shows the
    device instead. Processes belong to the same service if one started the other, or if they have
    the same command line and working directory (docs/services.md). join: True means that it is the
    same service, False that this process must not join another one.

    Returns an object whose close() ends this earlier. Raises PykcovError: device-taken,
    device-name, device-directory, store-mixed.
    """
    forks.notice()
    for part in (_server, _standby):
        if part is not None and part.is_open:
            text = f"this process already shows its device as {part.name!r}"
            raise PykcovError("device-taken", text)
    same_service.note()
    deadline = time.monotonic() + _PATIENCE
    with quiet:
        while True:
            try:
                return _show(name)
            except PykcovError as error:
                if error.slug != "device-taken" or join is False:
                    raise
            try:
                return _stand_by(name, is_ours=join is True or _is_part_of(name))
            except OSError as error:  # it does not answer
                if time.monotonic() > deadline:
                    raise taken(name) from error
            except PykcovError as error:  # device-missing: it has just gone
                if error.slug != "device-missing" or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)


def _is_part_of(name: str) -> bool:
    member = joined()
    return member is not None and member.name == name


def _show(name: str) -> Server:
    """Show this process's device, and leave the one it has joined, if any."""
    global _server
    with _lock:
        _server = server = Server(name)
        if (member := joined()) is not None:
            member.leave()
        atexit.register(server.at_exit)
    return server


def _stand_by(name: str, *, is_ours: bool) -> Standby:
    """Join the device that another process shows, and stand by to show it when that process ends.

    Raises PykcovError: device-taken if it belongs to another service, device-missing, store-mixed.
    OSError.
    """
    global _standby
    with _lock:
        holder = Link(name, Kind.LOOK)
        try:
            if not is_ours and not same_service.is_kin(holder.info["commands"]):
                raise taken(name)
            if (store := str(current_store().path)) != holder.info["store"]:
                raise PykcovError(
                    "store-mixed",
                    f"the device {name!r} uses the symbol store {holder.info['store']}, but this "
                    f"process uses {store}",
                )
            if not _is_part_of(name):
                join(Member(name))
            _standby = Standby(name, holder, lambda: _show(name))
        except BaseException:
            holder.close()
            raise
        return _standby


def join_shown(name: str) -> None:
    """Make this process a worker of the service that shows the device `name`: instrument the same
    code, and let the device's clients collect from here, too. If this process was started with the
    same command line as the one that shows the device, it stands by to replace it.

    Raises PykcovError: device-missing, and as instrument() does. OSError.
    """
    member = Member(name)
    restore(member.instrumented)
    join(member)
    if same_service.was_started_alike(member.holder.commands):
        _stand_by(name, is_ours=True)


def _before_fork() -> None:
    _lock.acquire()
    if _server is not None and _server.is_open:
        ProcessTask.expect_members()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork() -> None:
    """Make a forked child publish to the clients of its parent's device."""
    global _lock, _server, _standby
    _lock = threading.RLock()
    ProcessTask.forget()
    if _standby is not None and _standby.is_open:
        _standby.leave()
    if _server is not None and _server.is_open:
        _server.leave()
        store = str(current_store().path)
        holder = Holder(_server.path, _server.stamp, same_service.commands(), store)
        join(Member(_server.name, _server.shown.table, holder))
    elif (member := joined()) is not None:
        join(member.forked())
    _server = _standby = None


os.register_at_fork(before=Unseen(_before_fork), after_in_parent=Unseen(_after_fork_in_parent))
forks.in_child(_after_fork)
