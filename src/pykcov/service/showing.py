"""Showing this process's device, and what its forked children take over from it."""

from __future__ import annotations

import atexit
import os

from pykcov import forks
from pykcov.errors import PykcovError
from pykcov.instrumentation.session import restore
from pykcov.service.connection import ProcessTask
from pykcov.service.member import Member, join
from pykcov.service.server import Server

_servers: dict[str, Server] = {}
_member: Member | None = None


def serve(name: str) -> Server:
    """Show this process's device to other processes of this user, as `name`, until it ends.

    Its workers are part of it: processes that are forked from it, and Pythons that it starts, which
    PYKCOV_JOIN in os.environ tells. Returns the server, whose close() ends it earlier.

    Raises PykcovError: device-taken, device-name, device-directory.
    """
    global _member
    forks.notice()
    for other in _servers.values():
        if other.is_open:
            text = f"this process shows its device as {other.name!r} already"
            raise PykcovError("device-taken", text)
    server = _servers[name] = Server(name)
    if _member is not None:  # a worker with a device of its own
        _member.leave()
        _member = None
    atexit.register(server.close)
    return server


def join_shown(name: str) -> None:
    """Make this process a worker of the service that shows the device `name`: what is instrumented
    there is, here, and clients of the device collect from here, too.

    Raises PykcovError: device-missing, and as instrument() does. OSError.
    """
    global _member
    member = Member(name)
    restore(member.instrumented)
    _member = member
    join(member)


def _before_fork() -> None:
    if any(server.is_open for server in _servers.values()):
        ProcessTask.expect_members()


def _after_fork() -> None:
    """A forked child publishes for the clients of its parent's device."""
    global _member
    ProcessTask.forget()
    if _member is not None:
        _member = _member.forked()
    for server in _servers.values():
        if server.is_open:
            server.leave()
            _member = Member(server.name, server.shown.table, server.path)
    _servers.clear()
    if _member is not None:
        join(_member)


os.register_at_fork(before=_before_fork)
forks.in_child(_after_fork)
