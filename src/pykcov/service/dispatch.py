"""The device as a server's peers see it: answers their requests, without handling sockets."""

from __future__ import annotations

import errno
import itertools
import json
import os
import sys
from typing import Any

from pykcov.abi.kcov import KCOV_REMOTE_ENABLE, KCOV_REMOTE_MAX_HANDLES, WORD
from pykcov.device import sections
from pykcov.device.area import whole_pages
from pykcov.device.descriptor import Descriptor
from pykcov.device.ioctls import ENABLES
from pykcov.device.kcov import has_died
from pykcov.device.registration import Collecting, Registration
from pykcov.errors import fail
from pykcov.instrumentation import session
from pykcov.service import file_limit, same_service
from pykcov.service.extent import Extent
from pykcov.service.handle_table import MOST, Table, number_of, value_of
from pykcov.service.pages import Pages
from pykcov.service.peer import Connection, Opened, ProcessTask
from pykcov.service.protocol import LARGEST_REPLY, REPLY, VERSION, Kind, Request, Type
from pykcov.service.ring import Ring
from pykcov.symbols import active

MEMBERS = 1 << 32  # the sections of member number n are counted under MEMBERS + n, others' by pid


class Shown:
    """This process's device. connections: by number; the server's, which says which there are."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.table = Table.make()
        self.pages = Pages(MOST)
        self._extent: Extent | None = None  # made when it is asked for
        self.connections: dict[int, Connection] = {}
        self.opened: dict[int, Opened] = {}  # of all connections
        self._numbers = itertools.count(1)  # of descriptors, and of who watches
        self._watching: tuple[int, Ring] | None = None
        self._tasks: dict[tuple[int, int], ProcessTask] = {}  # those that own a descriptor
        sections.listeners.append(self._handles_changed)
        self._watcher = lambda: None if self._watching is None else self._watching[1].watcher
        sections.watcher = self._watcher

    def close(self) -> None:
        """Stop showing it. Preconditions: there are no connections."""
        sections.listeners.remove(self._handles_changed)
        if sections.watcher is self._watcher:
            sections.watcher = None
        if self._extent is not None:
            self._extent.close()
        self.table.close()
        self.pages.close()

    def drop(self, connection: Connection) -> None:
        """Close the descriptors of a closed connection."""
        for opened in list(connection.opened.values()):
            self._close(opened)
        if connection.ring is not None:
            self.table.watcher, self._watching = 0, None
            connection.ring.close()
            connection.ring = None  # who serves may hold the connection until it hears another

    def _close(self, opened: Opened) -> None:
        """Close a descriptor, and end its tasks."""
        del self.opened[opened.number], opened.connection.opened[opened.number]
        owner = opened.descriptor.owner
        if isinstance(owner, ProcessTask):
            owner.exit()
            self._tasks.pop(owner.key, None)
        self.table.forget(opened.number)
        opened.descriptor.close()
        self.pages.give_back(opened.page)

    def answer(self, connection: Connection, request: Request) -> tuple[int, bytes, list[int]]:
        """Return word, payload and file descriptors of the reply. Raises OSError for an errno, and
        ValueError for an invalid request."""
        if (connection.kind is None) != (request.type is Type.HELLO):
            raise ValueError("HELLO comes first, and once")
        a, b, c = request.words
        if request.type is Type.HELLO:
            return self._hello(connection, a, b)
        wanted = Kind.MEMBER if request.type in (Type.TABLE, Type.FETCH) else Kind.CLIENT
        if connection.kind is not wanted:
            raise ValueError("not for this kind of connection")
        if request.type is Type.TABLE:
            return 0, self._selection(), self.table.fds
        if request.type is Type.FETCH:
            return self._fetch(a)
        if request.type is Type.OPEN:
            return self._open(connection, bool(a)), b"", []
        if request.type is Type.EXIT:
            self._exit(connection, c)
            return 0, b"", []
        number = request.descriptor or next(iter(connection.opened), 0)
        opened = connection.opened.get(number)
        if opened is None:
            raise fail(errno.EBADF)
        return self._answer(opened, request.type, (a, b, c), request.payload)

    def _answer(
        self, opened: Opened, kind: Type, words: tuple[int, int, int], payload: bytes
    ) -> tuple[int, bytes, list[int]]:
        """Answer a request for a descriptor."""
        a, b, c = words
        descriptor = opened.descriptor
        if kind is Type.IOCTL:
            self._ioctl(opened, a, b, c, payload)
        elif kind is Type.CLOSE:
            self._close(opened)
        elif kind is Type.AREA:
            return 0, b"", [descriptor.fileno()]
        elif kind is Type.MMAP:
            size = descriptor.check_mmap(a, b)
            return whole_pages(size) * WORD, b"", [descriptor.fileno()]
        else:
            return descriptor.unsettled(self._is_dead), b"", []
        return 0, b"", []

    def _selection(self) -> bytes:
        selection = json.dumps(session.saved()).encode()
        if len(selection) > LARGEST_REPLY - REPLY.size:
            raise fail(errno.EMSGSIZE)
        return selection

    def _hello(
        self, connection: Connection, version: int, kind: int
    ) -> tuple[int, bytes, list[int]]:
        if version != VERSION:
            raise fail(errno.EPROTONOSUPPORT)
        kind = Kind(kind)
        if not file_limit.may_keep(connection.peer.fileno(), worker=kind is Kind.MEMBER):
            raise fail(errno.EMFILE)
        word, fds = os.getpid(), []
        if kind is Kind.WATCH:
            fds = [self._watch(connection)]
        elif kind is Kind.MEMBER:
            ProcessTask.expect_members()
            word = MEMBERS + connection.number
        connection.kind = kind
        return word, json.dumps(self.describe()).encode(), fds

    def _watch(self, connection: Connection) -> int:
        """Let a connection watch all sections; returns the ring's memfd."""
        if self._watching is not None:
            raise fail(errno.EBUSY)
        ring = Ring(f"kcov-ring:{connection.pid}", self.table.collects)
        if not all(map(file_limit.may_keep, ring.fds)):
            ring.close()
            raise fail(errno.EMFILE)
        connection.ring = ring
        number = next(self._numbers)
        self._watching = number, ring
        self.table.watcher = value_of(number, 1)
        return ring.fds[0]

    def _open(self, connection: Connection, blocks: bool) -> int:
        """Open a descriptor; returns its number."""
        if not active.in_force():
            raise fail(errno.ENOENT)
        page = self.pages.take()
        try:
            recording_mode = "blocks" if blocks else "trace"
            descriptor = Descriptor(recording_mode, f"kcov:{connection.pid}", page.shared)
        except BaseException:
            self.pages.give_back(page)
            raise
        opened = Opened(next(self._numbers), connection, descriptor, page)
        self.opened[opened.number] = connection.opened[opened.number] = opened
        if not file_limit.may_keep(descriptor.fileno()):
            self._close(opened)
            raise fail(errno.EMFILE)
        return opened.number

    def describe(self) -> dict[str, Any]:
        """What `pykcov ls` shows."""
        kinds = [connection.kind for connection in self.connections.values()]
        return {
            "pid": self.process,
            "table": self.table.identity,
            "program": " ".join(sys.argv)[:200],
            "commands": same_service.commands(),
            "store": str(active.current_store().path),
            "blocks": active.instrumented_blocks() + self._of_members(),
            "descriptors": len(self.opened),
            "members": kinds.count(Kind.MEMBER),
        }

    def _of_members(self) -> int:
        if self._extent is None:
            try:
                self._extent = Extent(self.table)
            except OSError:
                return 0
        return self._extent.of_others()

    def _ioctl(self, opened: Opened, request: int, arg: int, number: int, payload: bytes) -> None:
        key = (opened.connection.process, number)
        task = self._tasks.get(key) or ProcessTask(key, self.table)
        if request == KCOV_REMOTE_ENABLE and self.table.room < KCOV_REMOTE_MAX_HANDLES:
            raise fail(errno.ENOMEM)
        task.enabling = opened.number if request in ENABLES else 0
        is_remote = request == KCOV_REMOTE_ENABLE
        try:
            opened.descriptor.ioctl(request, payload if is_remote else arg, task=task)
        finally:
            if task.kcov is not None:
                self._tasks[key] = task
            else:
                self._tasks.pop(key, None)

    def _exit(self, connection: Connection, number: int) -> None:
        """End a task, but not its descriptors."""
        task = self._tasks.pop((connection.process, number), None)
        if task is not None:
            task.exit()

    def _is_dead(self, process: int) -> bool:
        """Has a process ended? It is given by the number that its sections are counted under."""
        if process < MEMBERS:
            return has_died(process)
        member = self.connections.get(process - MEMBERS)
        return member is None or (member.pid > 0 and has_died(member.pid))

    # -- handles ----------------------------------------------------------------------------------

    def _handles_changed(
        self, kcov: Collecting, handles: tuple[int, ...], made: Registration | None
    ) -> None:
        """A kcov has registered these handles; with None, it is about to forget its own."""
        for opened in list(self.opened.values()):
            if opened.descriptor.is_of(kcov):
                break
        else:
            return  # of this process itself, or of a connection that is being dropped
        if made is not None:
            opened.area_size, opened.comparisons = made.size, made.comparisons
            self.table.add(handles, value_of(opened.number, kcov.shared.sequence))
        else:
            self.table.forget(opened.number)

    def _fetch(self, value: int) -> tuple[int, bytes, list[int]]:
        number = number_of(value)
        if self._watching is not None and self._watching[0] == number:
            return 0, bytes(8), self._watching[1].fds
        opened = self.opened.get(number)
        if opened is None:
            raise fail(errno.ENOENT)
        flags = (opened.descriptor.recording_mode == "blocks") << 63 | opened.comparisons << 62
        fds = [opened.descriptor.fileno(), self.pages.fd]
        return opened.area_size | flags, opened.page.offset.to_bytes(8, "little"), fds
