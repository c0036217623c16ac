"""Sockets, and how to wait for them, in a program that may close all descriptors it finds.

Their numbers may then belong to the program's files: see probe/csrc/own_file.c.
"""

from __future__ import annotations

import _socket
import os
import selectors
import socket


class _Kept:
    """What both kinds have before the class of sockets that they are of: gevent puts its own in the
    place of socket.socket."""

    _file: tuple[int, int] | None = None

    def is_ours(self) -> bool:
        """Does the number still refer to this socket?"""
        try:
            found = os.fstat(self.fileno())  # type: ignore[attr-defined]
        except OSError:
            return False
        if self._file is None:
            self._file = found.st_dev, found.st_ino
        return self._file == (found.st_dev, found.st_ino)

    def close(self) -> None:
        """Close it if it is still ours. Repeated calls do nothing."""
        if self.fileno() >= 0 and not self.is_ours():  # type: ignore[attr-defined]
            self.detach()  # type: ignore[attr-defined]
        super().close()  # type: ignore[misc]


class RawSocket(_Kept, _socket.socket):
    """A socket unknown to gevent. Call is_ours() after creating it."""


class Socket(_Kept, socket.socket):
    """An ordinary socket, whose descriptor nobody else closes."""

    @staticmethod
    def of(plain: socket.socket) -> Socket:
        """Make it of another, which must not be used any more."""
        blocking = plain.gettimeout()
        made = Socket(fileno=plain.detach())
        made.settimeout(blocking)
        made.is_ours()
        return made


def new_selector() -> selectors.BaseSelector:
    """Return one without a descriptor, if there is one: epoll's can't be told from a program's."""
    kind = getattr(selectors, "PollSelector", selectors.DefaultSelector)
    made: selectors.BaseSelector = kind()
    return made
