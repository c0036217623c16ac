"""The socket device: shows a process's coverage device to other processes of the same user.

One thread answers all connections. Reading and resetting an area needs no message, and so wakes
nobody here. A descriptor is a connection: when it closes, its tasks are over and the descriptor is
closed, so a client that dies leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import socket
import sys
import threading
import time
from typing import Any

from pykcov.abi.kcov import KCOV_ENABLE, KCOV_REMOTE_ENABLE, KCOV_REMOTE_MAX_HANDLES
from pykcov.device import sections
from pykcov.device.descriptor import Descriptor
from pykcov.device.kcov import Kcov
from pykcov.errors import fail, own_bug
from pykcov.instrumentation import session
from pykcov.probe import Shared, quiet
from pykcov.service import places
from pykcov.service.connection import Connection, ProcessTask
from pykcov.service.places import bind
from pykcov.service.protocol import (
    LARGEST,
    LARGEST_REPLY,
    REPLY,
    VERSION,
    Kind,
    Request,
    Type,
    encode_reply,
)
from pykcov.service.table import Table, value_of

_MOST_CONNECTIONS = 1024
_AT_ONCE = 32  # connections that are let in before others are heard again
_GREETING = 5.0  # seconds a connection has for its HELLO


class Server:
    """A process's device, shown as `name` until close(). Raises PykcovError: device-taken, and as
    places.socket_of()."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = places.socket_of(name)
        self.process = os.getpid()
        self._listener = bind(self.path)
        self.table = Table.make()
        self._connections: dict[int, Connection] = {}
        self._tasks: dict[tuple[int, int], ProcessTask] = {}
        self._users: dict[tuple[int, int], set[int]] = {}
        self._numbers = 1
        self._looked = 0.0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._wake, self._stop = os.pipe2(os.O_CLOEXEC)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        sections.listeners.append(self._handles_changed)
        os.environ[places.JOIN] = name
        self._thread = threading.Thread(target=self._serve, name=f"pykcov-{name}", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Has it not been closed?"""
        return self._stop >= 0

    def close(self) -> None:
        """Show it no more; clients' descriptors are closed. Twice is once."""
        if self._stop < 0:
            return
        os.write(self._stop, b"x")
        self._thread.join()
        sections.listeners.remove(self._handles_changed)
        if os.environ.get(places.JOIN) == self.name:
            del os.environ[places.JOIN]
        self._selector.close()
        self._listener.close()
        self.path.unlink(missing_ok=True)
        for fd in (self._wake, self._stop):
            os.close(fd)
        self._stop = -1
        self.table.close()

    def leave(self) -> None:
        """In a forked child: let go of what is its parent's. Pages and areas stay, for sections of
        handles that were registered before."""
        for connection in self._connections.values():
            connection.peer.close()
        self._selector.close()
        self._listener.close()
        for fd in (self._wake, self._stop):
            os.close(fd)
        self._stop = -1

    # -- the thread -------------------------------------------------------------------------------

    def _serve(self) -> None:
        with quiet:
            while True:
                for key, _ in self._selector.select(1.0):
                    if key.fd == self._wake:
                        for connection in list(self._connections.values()):
                            self._drop(connection)
                        return
                    try:
                        self._turn(key.data)
                    except Exception:
                        own_bug("device-failed", "a client of the device could not be answered")

    def _turn(self, connection: Connection | None) -> None:
        """Hear a connection; None: the listener."""
        if connection is not None:
            self._hear(connection)
            return
        for _ in range(_AT_ONCE):
            if not self._accept():
                break
        if time.monotonic() > self._looked + 1:
            self._drop_the_silent(_GREETING)

    def _accept(self) -> bool:
        """Take one connection in. Returns whether there may be more."""
        try:
            peer, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._drop_the_silent(0)
                time.sleep(0.01)  # else the listener stays readable, and this thread spins
            return False
        peer.setblocking(False)
        connection = Connection(peer, self._numbers)
        stranger = connection.uid not in (0, os.getuid())
        if len(self._connections) >= _MOST_CONNECTIONS:
            self._drop_the_silent(0)
        if stranger or len(self._connections) >= _MOST_CONNECTIONS:
            peer.close()
            return True
        self._numbers += 1
        self._connections[connection.number] = connection
        self._selector.register(peer, selectors.EVENT_READ, connection)
        return True

    def _drop_the_silent(self, patience: float) -> None:
        """Close what has said nothing for that many seconds."""
        self._looked = time.monotonic()
        before = self._looked - patience
        for connection in list(self._connections.values()):
            if connection.kind is None and connection.since < before:
                self._hear(connection)  # what it has said may wait to be read
                if connection.kind is None:
                    self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        if self._connections.pop(connection.number, None) is None:
            return
        self._selector.unregister(connection.peer)
        connection.peer.close()
        for key in [key for key, users in self._users.items() if connection.number in users]:
            users = self._users[key]
            users.discard(connection.number)
            task = self._tasks[key]
            descriptor = connection.descriptor
            if descriptor is not None and descriptor.owner is task:
                task.exit()
            if not users:
                del self._users[key], self._tasks[key]
        if connection.descriptor is not None:
            self.table.forget(connection.number)
            connection.descriptor.close()
            os.close(connection.page)

    # -- requests ---------------------------------------------------------------------------------

    def _hear(self, connection: Connection) -> None:
        fds: list[int] = []
        try:
            packet = connection.peer.recv(LARGEST + 1)
            if not packet:
                raise ConnectionError
            request = Request.decode(packet)
            word, payload, fds = self._answer(connection, request)
            reply = encode_reply(0, word, payload)
        except BlockingIOError:
            return
        except ConnectionError:
            self._drop(connection)
            return
        except ValueError:
            with contextlib.suppress(OSError):
                connection.peer.send(encode_reply(errno.EPROTO))
            self._drop(connection)
            return
        except OSError as error:
            reply = encode_reply(error.errno or errno.EIO)
        except Exception:
            own_bug("device-failed", "a client of the device could not be answered")
            reply = encode_reply(errno.EIO)
        try:
            socket.send_fds(connection.peer, [reply], fds)
        except OSError:  # it has gone, or does not read
            self._drop(connection)

    def _answer(self, connection: Connection, request: Request) -> tuple[int, bytes, list[int]]:
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
            page = os.memfd_create("pykcov-page", os.MFD_CLOEXEC)
            try:
                os.ftruncate(page, os.sysconf("SC_PAGESIZE"))
                name = f"kcov:{connection.pid}"
                discipline = "blocks" if blocks else "trace"
                connection.descriptor = Descriptor(discipline, name, Shared(page))
            except BaseException:
                os.close(page)
                raise
            connection.page = page
        elif kind is Kind.MEMBER:
            ProcessTask.expect_members()
        connection.kind = kind
        return os.getpid(), json.dumps(self.describe()).encode(), []

    def describe(self) -> dict[str, Any]:
        """What `pykcov ls` shows."""
        kinds = [connection.kind for connection in self._connections.values()]
        return {
            "pid": self.process,
            "program": " ".join(sys.orig_argv)[:200],
            "store": str(session.current_store().path),
            "blocks": session.instrumented_blocks(),
            "descriptors": kinds.count(Kind.CLIENT),
            "members": kinds.count(Kind.MEMBER),
        }

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
        task.enabling = connection.number if request == KCOV_ENABLE else 0
        self._users.setdefault(key, set()).add(connection.number)
        descriptor.ioctl(request, payload if request == KCOV_REMOTE_ENABLE else arg, task=task)

    # -- handles ----------------------------------------------------------------------------------

    def _handles_changed(self, kcov: Kcov, handles: tuple[int, ...], size: int) -> None:
        """A kcov has registered these handles; with none, it is about to forget its own."""
        for connection in list(self._connections.values()):
            if connection.descriptor is not None and connection.descriptor.is_of(kcov):
                break
        else:
            return  # of this process itself, or of a connection that is being dropped
        if handles:
            connection.area_size = size
            self.table.add(handles, value_of(connection.number, kcov.shared.sequence))
        else:
            self.table.forget(connection.number)

    def _fetch(self, number: int) -> tuple[int, bytes, list[int]]:
        connection = self._connections.get(number)
        if connection is None or connection.descriptor is None:
            raise fail(errno.ENOENT)
        descriptor = connection.descriptor
        blocks = descriptor.discipline == "blocks"
        return connection.area_size | blocks << 63, b"", [descriptor.fileno(), connection.page]
