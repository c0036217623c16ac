"""One connection to a device, and its requests, as clients and members make them."""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from weakref import KeyedRef

from pykcov.errors import fail
from pykcov.probe import OwnFile, receive, under
from pykcov.service import addresses
from pykcov.service.protocol import LARGEST_REPLY, VERSION, Kind, Request, Type, decode_reply
from pykcov.service.sockets import RawSocket

_PATIENCE = 10  # seconds for a reply
_INFO = {  # what a device tells of itself: Shown.describe()
    "pid": int, "table": int, "program": str, "commands": list, "store": str, "blocks": int,
    "descriptors": int, "members": int,
}  # fmt: skip


class Owner(Protocol):
    """Who has an open descriptor. number: which."""

    number: int


class Link:
    """A connection that has said HELLO, of the process that made it. info, word, files: the reply.

    Raises PykcovError: device-missing, and as places.socket_of(); OSError: what the device
    answers. A request raises OSError with the device's errno, or ECONNRESET when its process has
    gone.

    An exception may come at any instruction. What was sent is replied to all the same: so a reply
    stays in `_inbox` until it has been read (probe/csrc/receive.c), and a descriptor is in `_left`,
    to be closed, until it has an owner and when that is gone.
    """

    def __init__(self, name: str, kind: Kind, path: Path | None = None) -> None:
        """path: where its socket was found before; else it is looked for."""
        self.path = path = addresses.socket_of(name) if path is None else path
        self.stamp = addresses.stamp(path)  # before it connects: a later one is told to be another
        self.name = name
        self._process = os.getpid()
        self._is_lost = False
        self._tag = 0
        self._lock = threading.Lock()  # a request and its reply
        # Descriptors that nobody has, to close: numbers, or references to owners that were dropped.
        self._left: deque[int | KeyedRef[int, Owner]] = deque()
        self._owned: dict[int, KeyedRef[int, Owner]] = {}
        self._opening: set[int] = set()  # tags of OPENs whose replies nobody has read
        self._inbox: list[tuple[bytearray, list[OwnFile]]] = []  # replies that nobody has read
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
            raise addresses.missing(name, path, error) from error
        try:
            files = 1 if kind is Kind.WATCH else 0
            self.word, payload, self.files = self.request(Type.HELLO, VERSION, kind, files=files)
            self.info = document(payload, _INFO)
        except BaseException:
            self._peer.close()
            raise

    def request(
        self, kind: Type, a: int = 0, b: int = 0, c: int = 0, descriptor: int = 0,
        payload: bytes = b"", *, files: int = 0,
    ) -> tuple[int, bytes, list[OwnFile]]:  # fmt: skip
        """Return word, payload and files of the reply, which are closed when they are dropped. Not
        for OPEN. files: how many there are to be; else it is EPROTO."""
        error, word, rest, found = self.ask(kind, a, b, c, descriptor, payload)
        if error or len(found) != files:
            raise fail(error or errno.EPROTO)
        return word, rest, found

    def ask(
        self, kind: Type, a: int = 0, b: int = 0, c: int = 0, descriptor: int = 0,
        payload: bytes = b"",
    ) -> tuple[int, int, bytes, list[OwnFile]]:  # fmt: skip
        """Return the device's errno or 0, and word, payload and files of the reply. Not for
        OPEN."""
        self._check()  # in a forked child, a thread that isn't there may hold the lock
        return under(self._lock, self._ask_next, Request(kind, (a, b, c), descriptor, payload))

    def open(self, blocks: bool, owner: Owner) -> None:
        """Open a descriptor for `owner`; when that is dropped, the next request closes it."""
        self._check()
        under(self._lock, self._open, blocks, owner)

    def _open(self, blocks: bool, owner: Owner) -> None:
        error, number, _, _ = self._ask_next(Request(Type.OPEN, (blocks, 0, 0)))
        if error:
            raise fail(error)
        self._owned[number] = KeyedRef(owner, self._left.append, number)
        owner.number = number
        while number in self._left:
            self._left.remove(number)

    def close_of(self, owner: Owner) -> None:
        """Close an owner's descriptor; twice is once. An error is nobody's."""
        if owner.number:
            self._left.append(owner.number)  # first: an exception may come before the next line
            owner.number = 0
            if self.is_usable:
                under(self._lock, self._close_left)

    def _check(self) -> None:
        if not self.is_usable:
            raise _gone(self.name)

    def _ask_next(self, request: Request) -> tuple[int, int, bytes, list[OwnFile]]:
        """Preconditions: the lock is held."""
        self._close_left()
        return self._ask(request)

    def _close_left(self) -> None:
        """Preconditions: the lock is held."""
        while self._left:
            left = self._left[0]
            number = left.key if isinstance(left, KeyedRef) else left
            self._ask(Request(Type.CLOSE, (0, 0, 0), number))  # a second time it is EBADF
            self._owned.pop(number, None)
            self._left.popleft()

    def _ask(self, request: Request) -> tuple[int, int, bytes, list[OwnFile]]:
        """Preconditions: the lock is held."""
        self._check()
        self._tag = self._tag % 0xFFFF + 1
        self._opening.discard(self._tag)
        if request.type is Type.OPEN:
            self._opening.add(self._tag)
        try:
            self._send(replace(request, tag=self._tag).encode())
            reply = self._reply()
        except (ConnectionError, BlockingIOError) as gone:  # the latter: it took too long
            self._lose()
            raise _gone(self.name) from gone
        except ValueError:  # no reply: it does not speak this protocol
            self._lose()
            raise fail(errno.EPROTO) from None
        return reply

    def _lose(self) -> None:
        self._is_lost = True
        self._peer.close()

    def _send(self, packet: bytes) -> None:
        try:
            self._peer.send(packet)
        except BrokenPipeError:
            if self._tag != 1:
                raise
            # A device with no more files says so, unasked, and closes: the reply may be there.

    def _reply(self) -> tuple[int, int, bytes, list[OwnFile]]:
        """Read the reply to the last request. Before it may come those of requests that a signal
        handler's exception broke off."""
        while True:
            if not self._inbox:
                self._receive()
            packet, files = self._inbox[0]
            if not packet:
                raise ConnectionResetError
            error, tag, word, payload = decode_reply(bytes(packet))
            if tag in self._opening and not error:
                self._left.append(word)  # open() takes it out again
            self._opening.discard(tag)
            del self._inbox[0]
            if tag in (0, self._tag):
                return error, word, payload, files

    def _receive(self) -> None:
        try:
            receive(self._peer.fileno(), self._inbox, LARGEST_REPLY)
        except ConnectionResetError:
            if self._tag != 1:
                raise
            # The error comes first, and what was sent behind it.
            receive(self._peer.fileno(), self._inbox, LARGEST_REPLY)

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


def document(payload: bytes, kinds: Mapping[str, type]) -> dict[str, Any]:
    """Return the JSON object that a reply has, with what is of these kinds in it. Raises OSError
    EPROTO."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and all(
        isinstance(found.get(key), kind) for key, kind in kinds.items()
    ):
        return found
    raise fail(errno.EPROTO)


def _gone(name: str) -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, f"the process that showed {name!r} has gone")
