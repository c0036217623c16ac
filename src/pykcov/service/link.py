"""One connection to a device, and its requests, as clients and members make them."""

from __future__ import annotations

import _socket
import errno
import json
import os
import select
import socket
import struct
import threading
from array import array
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from pykcov.errors import fail
from pykcov.service import places
from pykcov.service.protocol import LARGEST_REPLY, VERSION, Kind, Request, Type, decode_reply
from pykcov.service.sockets import RawSocket

_PATIENCE = 10  # seconds for a reply


class Link:
    """A connection that has said HELLO, of the process that made it. info, word, fds: the reply.

    Raises PykcovError: device-missing, and as places.socket_of(); OSError: what the device
    answers. A request raises OSError with the device's errno, or ECONNRESET when its process has
    gone.
    """

    def __init__(self, name: str, kind: Kind, path: Path | None = None) -> None:
        """path: where its socket was found before; else it is looked for."""
        self.path = path = places.socket_of(name) if path is None else path
        self.stamp = places.stamp(path)  # before it connects: a later one is told to be another
        self.name = name
        self._process = os.getpid()
        self._is_lost = False
        self._tag = 0
        self._lock = threading.Lock()  # a request and its reply
        self._left: deque[int] = deque()  # descriptors to close: nobody has them any more
        self._opening: set[int] = set()  # tags of OPENs whose replies nobody has heard
        # Not what gevent may have put in its place, which would run other greenlets while it waits:
        # they would wait for this one's lock, on the same thread.
        self._peer = RawSocket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._peer.is_ours()
        self._peer.settimeout(None)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # connect's, too
            self._peer.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", _PATIENCE, 0))
        try:
            self._peer.connect(str(path))
        except OSError as error:
            self._peer.close()
            raise places.missing(name, path, error) from error
        try:
            self.word, payload, self.fds = self.request(Type.HELLO, VERSION, kind)
        except BaseException:
            self._peer.close()
            raise
        self.info: dict[str, Any] = json.loads(payload)

    def request(
        self, kind: Type, a: int = 0, b: int = 0, c: int = 0, descriptor: int = 0,
        payload: bytes = b"",
    ) -> tuple[int, bytes, list[int]]:  # fmt: skip
        """Return word, payload and descriptors of the reply."""
        error, word, rest, fds = self.ask(kind, a, b, c, descriptor, payload)
        if error:
            for fd in fds:
                os.close(fd)
            raise fail(error)
        return word, rest, fds

    def ask(
        self, kind: Type, a: int = 0, b: int = 0, c: int = 0, descriptor: int = 0,
        payload: bytes = b"",
    ) -> tuple[int, int, bytes, list[int]]:  # fmt: skip
        """Return the device's errno or 0, and word, payload and descriptors of the reply."""
        if not self.is_usable:  # in a forked child, a thread that isn't there may hold the lock
            raise _gone(self.name)
        with self._lock:
            while self._left:  # a second CLOSE of one number, after an interruption, is EBADF
                self._ask(Request(Type.CLOSE, (0, 0, 0), self._left[0]))
                self._left.popleft()
            return self._ask(Request(kind, (a, b, c), descriptor, payload))

    def leave(self, descriptor: int) -> None:
        """Nobody has that descriptor any more: the next request closes it first. Waits for nothing,
        so finalizers and signal handlers may call it."""
        self._left.append(descriptor)

    def _ask(self, request: Request) -> tuple[int, int, bytes, list[int]]:
        """Preconditions: the lock is held."""
        if not self.is_usable:
            raise _gone(self.name)
        self._tag = self._tag % 0xFFFF + 1
        self._opening.discard(self._tag)
        if request.type is Type.OPEN:
            self._opening.add(self._tag)
        try:
            self._send(replace(request, tag=self._tag).encode())
            reply = self._reply()
        except (ConnectionError, BlockingIOError) as gone:  # the latter: it took too long
            self._is_lost = True
            self._peer.close()
            raise _gone(self.name) from gone
        self._opening.discard(self._tag)
        return reply

    def _send(self, packet: bytes) -> None:
        try:
            self._peer.send(packet)
        except BrokenPipeError:
            if self._tag != 1:
                raise
            # A device with no more files says so, unasked, and closes: the reply may be there.

    def _reply(self) -> tuple[int, int, bytes, list[int]]:
        """Receive the reply to the last request. Before it may come those of requests that a signal
        handler's exception broke off."""
        while True:
            try:
                reply, fds = _receive(self._peer)
            except ConnectionResetError:
                if self._tag != 1:
                    raise
                reply, fds = _receive(
                    self._peer
                )  # the error comes first, and what was sent behind it
            if not reply:
                raise ConnectionResetError
            error, tag, word, payload = decode_reply(reply)
            if tag in (0, self._tag):
                return error, word, payload, fds
            if tag in self._opening and not error:
                self._left.append(word)
            for fd in fds:
                os.close(fd)

    @property
    def is_usable(self) -> bool:
        """Is it open, and this process's? A forked child makes one of its own."""
        is_here = not self._is_lost and self._process == os.getpid() and not self.closed
        return is_here and self._peer.is_ours()

    def lives(self) -> bool:
        """Is the device's process there? Asked of the socket, not of that process."""
        if self._is_lost or self.closed or not self._peer.is_ours():
            return False
        waiting = select.poll()
        waiting.register(self._peer, 0)
        return not waiting.poll(0)

    def fileno(self) -> int:
        """Its socket: readable, while nothing is asked, when the device's process has gone."""
        return self._peer.fileno()

    def close(self) -> None:
        """Close the connection: for the device, the end of its descriptors and their tasks."""
        self._peer.close()

    def __del__(self) -> None:
        if hasattr(self, "_peer"):
            self._peer.close()

    @property
    def closed(self) -> bool:
        """Has close() been called?"""
        return self._peer.fileno() < 0


def _receive(peer: _socket.socket) -> tuple[bytes, list[int]]:
    """Return a packet and the descriptors that came with it: socket.recv_fds()."""
    fds = array("i")
    packet, ancillary, flags, _ = peer.recvmsg(LARGEST_REPLY, socket.CMSG_LEN(4 * fds.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if flags & socket.MSG_CTRUNC:  # this process may have no more files
        for fd in fds:
            os.close(fd)
        raise fail(errno.EMFILE)
    return packet, fds.tolist()


def _gone(name: str) -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, f"the process that showed {name!r} has gone")
