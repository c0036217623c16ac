"""Showing this process's device, and what its forked children take over from it."""

from __future__ import annotations

import atexit
import os

from pykcov.errors import PykcovError
from pykcov.service.member import Member, join
from pykcov.service.server import Server

_servers: dict[str, Server] = {}


def serve(name: str) -> Server:
    """Show this process's device to other processes of this user, as `name`, until it ends.

    Sections of processes that are forked from it are collected, too. Returns the server, whose
    close() ends it earlier. Raises PykcovError: device-taken, device-name, device-directory.
    """
    if name in _servers and _servers[name].is_open:
        raise PykcovError("device-taken", f"this process shows a device as {name!r} already")
    server = _servers[name] = Server(name)
    atexit.register(server.close)
    return server


def _after_fork() -> None:
    """A forked child publishes for the clients of its parent's device."""
    for server in _servers.values():
        if server.is_open:
            join(Member(server.name, server.table))
    _servers.clear()


os.register_at_fork(after_in_child=_after_fork)
