"""A peer of a device, which does what an input says."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import mmap
import os
import socket
from pathlib import Path

from tests.fuzz.target import Failure, require

from pykcov.abi.kcov import WORD
from pykcov.service.protocol import LARGEST_REPLY, REPLY, REQUEST

_MAPPED = 1 << 22  # bytes of a file that are mapped, at most


class Peer:
    """A connection, and the last files that came over it."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.files: list[int] = []

    def ask(self, packet: bytes) -> str:
        """Send a packet, and judge the answer; returns what it was."""
        try:
            self.socket.send(packet)
            reply, files, _, _ = socket.recv_fds(self.socket, LARGEST_REPLY + 1, 4)
        except (BrokenPipeError, ConnectionResetError):
            return "closed"
        except TimeoutError:
            raise Failure(f"no answer to {packet[:80].hex()}") from None
        if not reply:
            return "closed"
        if files:
            self.drop()
            self.files = files
        require(REPLY.size <= len(reply) <= LARGEST_REPLY, f"a reply of {len(reply)} bytes")
        error, tag, _ = REPLY.unpack_from(reply)
        require(error == 0 or error in errno.errorcode or error == 524, f"errno {error}")
        require(error == 0 or (len(reply) == REPLY.size and not files), "more than an errno")
        if len(packet) >= REQUEST.size and error != errno.EPROTO:
            require(tag == REQUEST.unpack_from(packet)[2], "the reply to another request")
        return errno.errorcode.get(error, str(error)) if error else "done"

    def store(self, which: int, at: int, value: bytes) -> None:
        """Store a word into a file that was given."""
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            size = min(os.fstat(self.files[which % len(self.files)]).st_size, _MAPPED)
            with mmap.mmap(self.files[which % len(self.files)], size) as words:
                at = at % (size // WORD) * WORD
                words[at : at + WORD] = value

    def change(self, which: int, size: int) -> None:
        """Cut or seal a file that was given."""
        with contextlib.suppress(OSError, ZeroDivisionError):
            file = self.files[which % len(self.files)]
            if size % 4 == 3:
                fcntl.fcntl(file, fcntl.F_ADD_SEALS, size // 4 & 31)
            else:
                os.ftruncate(file, size)

    def drop(self) -> None:
        for file in self.files:
            os.close(file)
        self.files = []


class Log(logging.Handler):
    """Keeps what pykcov says: that it could not answer somebody is its own fault."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))
