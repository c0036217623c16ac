"""The device as the peers of a server see it: answers their requests, without their sockets."""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import Any

from pykcov.abi.kcov import KCOV_REMOTE_ENABLE, KCOV_REMOTE_MAX_HANDLES
from pykcov.device import sections
from pykcov.device.descriptor import Descriptor
from pykcov.device.kcov import Kcov
from pykcov.device.sections import Registration, Watcher
from pykcov.device.state import ENABLES
from pykcov.errors import fail
from pykcov.instrumentation import session
from pykcov.probe import Shared
from pykcov.service import kin
from pykcov.service.connection import Connection, ProcessTask
from pykcov.service.extent import Extent
from pykcov.service.protocol import LARGEST_REPLY, REPLY, VERSION, Kind, Request, Type
from pykcov.service.ring import Ring, new_page
from pykcov.service.table import Table, value_of


class Shown:
    """This process's device. connections: by number; the server's, which says which there are."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.table = Table.make()
        self._extent: Extent | None = None  # made when it is asked for
        self.connections: dict[int, Connection] = {}
        self._tasks: dict[tuple[int, int], ProcessTask] = {}
        self._users: dict[tuple[int, int], set[int]] = {}
        self._watcher: Watcher | None = None
        sections.listeners.append(self._handles_changed)
        self._watch = lambda: self._watcher
        sections.watcher = self._watch

    def close(self) -> None:
        """Show it no more. Preconditions: there are no connections."""
        sections.listeners.remove(self._handles_changed)
        if sections.watcher is self._watch:
            sections.watcher = None
        if self._extent is not None:
            self._extent.close()
        self.table.close()

    def drop(self, connection: Connection) -> None:
        """A connection has been closed: its tasks are over, its descriptor is closed."""
        for key in [key for key, users in self._users.items() if connection.number in users]:
            task = self._tasks[key]
            descriptor = connection.descriptor
            if descriptor is not None and descriptor.owner is task:
                task.exit()
            self._leave_task(key, connection.number)
        if connection.descriptor is not None:
            self.table.forget(connection.number)
            connection.descriptor.close()
            os.close(connection.page)
        if connection.ring is not None:
            self.table.watcher, self._watcher = 0, None
            connection.ring.close()

    def answer(self, connection: Connection, request: Request) -> tuple[int, bytes, list[int]]:
        """Return word, payload and descriptors of the reply. Raises OSError for an errno."""
        if (connection.kind is None) != (request.type is Type.HELLO):
            raise ValueError("HELLO comes first, and once")
        a, b, c = request.words
        if request.type is Type.HELLO:
            return self._hello(connection, a, b, c)
        wanted = Kind.MEMBER if request.type in (Type.TABLE, Type.FETCH) else Kind.CLIENT
        if connection.kind is not wanted:
            raise ValueError("not for this kind of connection")
        if request.type is Type.TABLE:
            selection = json.dumps(session.saved()).encode()
            if len(selection) > LARGEST_REPLY - REPLY.size:
                raise fail(errno.EMSGSIZE)
            return 0, selection, [self.table.fd]
        if request.type is Type.FETCH:
            return self._fetch(a)
        descriptor = connection.descriptor
        assert descriptor is not None
        if request.type is Type.IOCTL:
            self._ioctl(connection, a, b, c, request.payload)
        elif request.type is Type.EXIT:
            self._exit(connection, c)
        elif request.type is Type.AREA:
            return 0, b"", [descriptor.fileno()]
        elif request.type is Type.MMAP:
            descriptor.check_mmap(a, b)
            return 0, b"", [descriptor.fileno()]
        else:
            return descriptor.live, b"", []
        return 0, b"", []

    def _hello(
        self, connection: Connection, version: int, kind: int, blocks: int
    ) -> tuple[int, bytes, list[int]]:
        if version != VERSION:
            raise fail(errno.EPROTONOSUPPORT)
        kind = Kind(kind)
        if kind is Kind.CLIENT:
            if not session.in_force():
                raise fail(errno.ENOENT)
            page = new_page()
            try:
                name = f"kcov:{connection.pid}"
                discipline = "blocks" if blocks else "trace"
                connection.descriptor = Descriptor(discipline, name, Shared(page))
            except BaseException:
                os.close(page)
                raise
            connection.page = page
        elif kind is Kind.WATCH:
            if self.table.watcher:
                raise fail(errno.EBUSY)
            connection.ring = Ring(f"kcov-ring:{connection.pid}", self.table.collects)
            self._watcher = connection.ring.watcher
            self.table.watcher = value_of(connection.number, 1)
        elif kind is Kind.MEMBER:
            ProcessTask.expect_members()
        connection.kind = kind
        fds = connection.ring.fds[:1] if connection.ring is not None else []
        return os.getpid(), json.dumps(self.describe()).encode(), fds

    def describe(self) -> dict[str, Any]:
        """What `pykcov ls` shows."""
        kinds = [connection.kind for connection in self.connections.values()]
        return {
            "pid": self.process,
            "table": self.table.identity,
            "program": " ".join(sys.argv)[:200],
            "commands": kin.commands(),
            "store": str(session.current_store().path),
            "blocks": session.instrumented_blocks() + self._of_members(),
            "descriptors": kinds.count(Kind.CLIENT),
            "members": kinds.count(Kind.MEMBER),
        }

    def _of_members(self) -> int:
        if self._extent is None:
            try:
                self._extent = Extent(self.table)
            except OSError:
                return 0
        return self._extent.of_others()

    def _ioctl(
        self, connection: Connection, request: int, arg: int, number: int, payload: bytes
    ) -> None:
        descriptor = connection.descriptor
        assert descriptor is not None
        key = (connection.pid, number)
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = ProcessTask(self.table)
        if request == KCOV_REMOTE_ENABLE and self.table.room < KCOV_REMOTE_MAX_HANDLES:
            raise fail(errno.ENOMEM)
        task.enabling = connection.number if request in ENABLES else 0
        self._users.setdefault(key, set()).add(connection.number)
        descriptor.ioctl(request, payload if request == KCOV_REMOTE_ENABLE else arg, task=task)

    def _exit(self, connection: Connection, number: int) -> None:
        """A task is over, and its descriptors are not."""
        key = (connection.pid, number)
        if connection.number in self._users.get(key, ()):
            self._tasks[key].exit()
            self._leave_task(key, connection.number)

    def _leave_task(self, key: tuple[int, int], user: int) -> None:
        self._users[key].discard(user)
        if not self._users[key]:
            del self._users[key], self._tasks[key]

    # -- handles ----------------------------------------------------------------------------------

    def _handles_changed(
        self, kcov: Kcov, handles: tuple[int, ...], made: Registration | None
    ) -> None:
        """A kcov has registered these handles; with None, it is about to forget its own."""
        for connection in list(self.connections.values()):
            if connection.descriptor is not None and connection.descriptor.is_of(kcov):
                break
        else:
            return  # of this process itself, or of a connection that is being dropped
        if made is not None:
            connection.area_size, connection.comparisons = made.size, made.comparisons
            self.table.add(handles, value_of(connection.number, kcov.shared.sequence))
        else:
            self.table.forget(connection.number)

    def _fetch(self, number: int) -> tuple[int, bytes, list[int]]:
        connection = self.connections.get(number)
        if connection is not None and connection.ring is not None:
            return 0, b"", connection.ring.fds
        if connection is None or connection.descriptor is None:
            raise fail(errno.ENOENT)
        descriptor = connection.descriptor
        blocks = descriptor.discipline == "blocks"
        flags = blocks << 63 | connection.comparisons << 62
        return connection.area_size | flags, b"", [descriptor.fileno(), connection.page]
