"""The socket device: shows a process's coverage device to other processes of the same user.

One thread answers all connections. Clients read and reset areas without a message, and so without
waking this thread. Descriptors belong to a connection: when it closes, they are closed and their
tasks end, so a client that dies leaves nothing behind.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import select
import selectors
import socket
import time

from pykcov.background import start_thread
from pykcov.errors import own_bug
from pykcov.probe import OwnFile, Unseen, quiet, remove_at_end
from pykcov.service import addresses, file_limit
from pykcov.service.addresses import bind, unbind
from pykcov.service.dispatch import Shown
from pykcov.service.peer import Connection
from pykcov.service.protocol import LARGEST, Request, encode_reply
from pykcov.service.sockets import Socket, new_selector

_MOST_CONNECTIONS = 1024
_AT_ONCE = 32  # connections to accept before serving the others again
_GREETING = 5.0  # seconds in which a connection must send its HELLO


class Server:
    """A process's device, shown as `name` until close(). Raises PykcovError as
    addresses.socket_for() does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = addresses.socket_for(name)
        self._listener = Socket.of(bind(self.path))
        self._spare: OwnFile | None = OwnFile.memfd("pykcov-spare")
        remove_at_end(os.fsencode(self.path))
        self.stamp = addresses.stamp(self.path)
        self.shown = Shown()
        self._numbers = 1
        self._looked = 0.0
        self._selector = new_selector()
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._is_open = True
        self._wake, self._stop = map(OwnFile, os.pipe2(os.O_CLOEXEC))
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        os.environ[addresses.JOIN] = name
        self.at_exit = Unseen(self.close)
        self._thread = start_thread(self._serve, f"pykcov-{name}")

    @property
    def is_open(self) -> bool:
        """Is it not closed yet?"""
        return self._is_open

    def close(self) -> None:
        """Stop showing the device, and close clients' descriptors. Repeated calls do nothing."""
        if not self._is_open or os.getpid() != self.shown.process:  # a child forked in C
            return
        unbind(self.path)  # frees the name for a process that stands by
        remove_at_end(None)
        if self._stop.is_ours() and self._wake.is_ours():
            os.write(self._stop.fileno(), b"x")
            self._thread.join()
        else:  # the program has closed them: the thread waits forever, or has ended
            self._drop_all()
        self.shown.close()
        if os.environ.get(addresses.JOIN) == self.name:
            del os.environ[addresses.JOIN]
        self._selector.close()
        self._listener.close()
        self._close_own()
        atexit.unregister(self.at_exit)

    def leave(self) -> None:
        """In a forked child, release what belongs to the parent. Pages and areas are kept, for
        sections of handles registered before."""
        for connection in self.shown.connections.values():
            connection.peer.close()
        self._selector.close()
        self._listener.close()
        self._close_own()

    def _close_own(self) -> None:
        self._is_open = False
        self._wake.close()
        self._stop.close()
        self._spare = None

    # -- the thread -------------------------------------------------------------------------------

    def _serve(self) -> None:
        silent = False
        while True:
            if not (self._wake.is_ours() and self._listener.is_ours()):
                return None  # the program has closed them; these numbers may now be its own files
            events = _the_gone_first(self._selector.select(1.0 if silent else None))
            with quiet:
                for key, _ in events:
                    if key.fileobj is self._wake:
                        return self._drop_all()
                    if isinstance(key.fileobj, Socket) and not key.fileobj.is_ours():
                        continue  # closed meanwhile, perhaps along with all others
                    try:
                        self._turn(key.data)
                    except Exception:
                        own_bug("device-failed", "a client of the device could not be answered")
                if silent and time.monotonic() > self._looked + 1:
                    self._drop_the_silent(_GREETING)
                silent = any(c.kind is None for c in self.shown.connections.values())

    def _drop_all(self) -> None:
        for connection in list(self.shown.connections.values()):
            self._drop(connection)

    def _turn(self, connection: Connection | None) -> None:
        """Serve a connection; None means the listener."""
        if connection is not None:
            self._hear(connection)
            return
        for _ in range(_AT_ONCE):
            if not self._accept():
                break

    def _accept(self) -> bool:
        """Accept one connection. Returns whether there may be more."""
        try:
            peer, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._drop_the_silent(0)
                self._refuse_one()
                time.sleep(0.01)  # the listener stays readable, and this thread would spin
            return False
        peer = Socket.of(peer)
        peer.setblocking(False)
        connection = Connection(peer, self._numbers)
        if connection.uid not in (0, os.getuid()):
            peer.close()
            return True
        if (
            not file_limit.may_keep(peer.fileno())
            or len(self.shown.connections) >= _MOST_CONNECTIONS
        ):
            # Workers may use the rest; clients are refused at their HELLO (Shown.answer).
            self._drop_the_silent(0)
        if len(self.shown.connections) >= _MOST_CONNECTIONS:
            _refuse(peer)
            return True
        self._numbers += 1
        self.shown.connections[connection.number] = connection
        self._selector.register(peer, selectors.EVENT_READ, connection)
        return True

    def _refuse_one(self) -> None:
        """Out of descriptors: use the spare one to tell a client so."""
        self._spare = None
        with contextlib.suppress(OSError):
            peer, _ = self._listener.accept()
            _refuse(peer)
        # Another thread may have taken the number; then there is no spare from now on.
        with contextlib.suppress(OSError):
            self._spare = OwnFile.memfd("pykcov-spare")

    def _drop_the_silent(self, patience: float) -> None:
        """Close connections that have not sent a HELLO for this many seconds."""
        self._looked = time.monotonic()
        before = self._looked - patience
        for connection in list(self.shown.connections.values()):
            if connection.kind is None and connection.since < before:
                self._hear(connection)  # its HELLO may be waiting to be read
                if connection.kind is None and connection.number in self.shown.connections:
                    _tell(connection.peer, errno.EMFILE if patience == 0 else errno.ETIMEDOUT)
                    self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        if self.shown.connections.pop(connection.number, None) is None:
            return
        self._selector.unregister(connection.peer)
        connection.peer.close()
        self.shown.drop(connection)

    def _hear(self, connection: Connection) -> None:
        fds: list[int] = []
        tag = 0
        try:
            packet = connection.peer.recv(LARGEST + 1)
            if not packet:
                raise ConnectionError
            request = Request.decode(packet)
            tag = request.tag
            word, payload, fds = self.shown.answer(connection, request)
            reply = encode_reply(0, word, payload, tag)
        except BlockingIOError:
            return
        except ConnectionError:
            self._drop(connection)
            return
        except ValueError:
            _tell(connection.peer, errno.EPROTO)
            self._drop(connection)
            return
        except OSError as error:
            reply = encode_reply(error.errno or errno.EIO, tag=tag)
        except Exception:
            own_bug("device-failed", "a client of the device could not be answered")
            reply = encode_reply(errno.EIO, tag=tag)
        try:
            socket.send_fds(connection.peer, [reply], fds)
        except OSError:  # it has gone, or does not read
            self._drop(connection)
        else:
            if connection.kind is None and not file_limit.may_keep(connection.peer.fileno()):
                self._drop(connection)


def _the_gone_first(
    events: list[tuple[selectors.SelectorKey, int]],
) -> list[tuple[selectors.SelectorKey, int]]:
    """Sort closed connections before requests, so that a client that has seen another one end can
    get what that one had. New connections come last."""
    if len(events) < 2:
        return events
    asked = select.poll()
    for key, _ in events:
        asked.register(key.fd, 0)
    gone = {fd for fd, _ in asked.poll(0)}  # events we did not ask for: hung up, or closed
    return sorted(events, key=lambda event: (event[0].fd not in gone, event[0].data is None))


def _refuse(peer: socket.socket) -> None:
    """Tell a client that this process has no more descriptors to spare."""
    _tell(peer, errno.EMFILE)
    peer.close()


def _tell(peer: socket.socket, error: int) -> None:
    with contextlib.suppress(OSError):
        peer.send(encode_reply(error), socket.MSG_DONTWAIT)
