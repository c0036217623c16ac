"""One connection to a device, and its requests, as clients and members make them."""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import threading
import time
from typing import Any

from pykcov.errors import PykcovError, fail
from pykcov.service import places
from pykcov.service.protocol import LARGEST_REPLY, VERSION, Kind, Request, Type, decode_reply

_PATIENCE = 10.0  # seconds for a reply


class Link:
    """A connection that has said HELLO. info: what the device told of itself. fds: came with it.

    Raises PykcovError: device-missing, and as places.socket_of(). A request raises OSError with the
    device's errno, or ECONNRESET when its process has gone.
    """

    def __init__(self, name: str, kind: Kind, blocks: bool = False) -> None:
        path = places.socket_of(name)
        self.name = name
        self._lock = threading.Lock()  # a request and its reply
        self._peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._peer.settimeout(_PATIENCE)
        try:
            self._connect(str(path))
        except OSError as error:
            self._peer.close()
            raise PykcovError(
                "device-missing", f"no process shows a device as {name!r}: {error.strerror}"
            ) from error
        try:
            _, payload, self.fds = self.request(Type.HELLO, VERSION, kind, blocks)
        except BaseException:
            self._peer.close()
            raise
        self.info: dict[str, Any] = json.loads(payload)

    def _connect(self, path: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._peer.connect(path)
            except BlockingIOError:  # more knock than are let in at the moment
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)

    def request(
        self, kind: Type, a: int = 0, b: int = 0, c: int = 0, payload: bytes = b""
    ) -> tuple[int, bytes, list[int]]:
        """Return word, payload and descriptors of the reply."""
        packet = Request(kind, (a, b, c), payload).encode()
        with self._lock:
            try:
                self._peer.send(packet)
                reply, fds, _, _ = socket.recv_fds(self._peer, LARGEST_REPLY, 4)
            except (ConnectionError, TimeoutError) as gone:
                raise _gone(self.name) from gone
        if not reply:
            raise _gone(self.name)
        error, word, rest = decode_reply(reply)
        if error:
            for fd in fds:
                os.close(fd)
            raise fail(error)
        return word, rest, fds

    def lives(self) -> bool:
        """Is the device's process there? Asked of the socket, not of that process."""
        waiting = select.poll()
        waiting.register(self._peer, 0)
        return not waiting.poll(0)

    def close(self) -> None:
        """Close the connection: for the device, the end of the descriptor and its tasks."""
        self._peer.close()

    @property
    def closed(self) -> bool:
        """Has close() been called?"""
        return self._peer.fileno() < 0


def _gone(name: str) -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, f"the process that showed {name!r} has gone")
