"""Descriptors of another process's device, over a socket."""

from __future__ import annotations

import errno
import itertools
import os
import threading
from contextlib import suppress
from mmap import PROT_READ, PROT_WRITE, mmap

from pykcov.abi.kcov import KCOV_INIT_TRACE, WORD
from pykcov.closing import Closing
from pykcov.device.area import map_words, with_control
from pykcov.errors import fail
from pykcov.probe import OwnFile
from pykcov.reader import remote_area
from pykcov.service.connection import Link
from pykcov.service.protocol import Type

_tasks = itertools.count(1 << 32)  # no thread's number


class SocketDescriptor(Closing):
    """An open descriptor of another process's device; what pykcov.open() gives, over a socket.

    number: which one of its connection; 0 when it is closed.
    """

    def __init__(self, link: Link, recording_mode: str = "trace", task: int | None = None) -> None:
        """task: the number of the task that ioctls are for; the calling thread's, if None.

        Raises OSError: ENOENT when nothing is instrumented there, EMFILE when the process has no
        more files to give.
        """
        if recording_mode not in ("trace", "blocks"):
            raise ValueError(f"recording_mode must be 'trace' or 'blocks', not {recording_mode!r}")
        self._link, self._task = link, task
        self.number = 0
        link.open(recording_mode == "blocks", self)

    def ioctl(self, request: int, arg: int | bytes = 0) -> int:
        """Do `request` and return 0. Raises OSError."""
        number = threading.get_native_id() if self._task is None else self._task
        return self.ioctl_of(number, request, arg)

    def ioctl_of(self, number: int, request: int, arg: int | bytes = 0) -> int:
        """ioctl(), for the task with that number. Raises OSError."""
        word, payload = (0, arg) if isinstance(arg, bytes) else (arg & 2**64 - 1, b"")
        self._request(Type.IOCTL, request & 0xFFFFFFFF, word, number, payload)
        return 0

    def exit_of(self, number: int) -> None:
        """End the task with that number. Raises OSError."""
        self._request(Type.EXIT, 0, 0, number)

    def check_mmap(self, length: int, offset: int) -> None:
        """Raise what mmap() would, except ENOMEM."""
        self._request(Type.MMAP, length, offset, files=1)

    def area(self) -> int:
        """Return a new file descriptor of the area, also before KCOV_INIT_TRACE. Raises OSError."""
        (file,) = self._request(Type.AREA, files=1)[1]
        return os.dup(file.fileno())

    def kept(self, size: int, comparisons: bool) -> remote_area.RemoteArea:
        """Map all of the descriptor's memory, of an area of `size` words. Raises OSError."""
        memory = self._map(size * WORD, 0, with_control(size), PROT_READ | PROT_WRITE)
        return remote_area.RemoteArea(memory, size, comparisons)

    def _map(self, length: int, offset: int, words: int, prot: int) -> mmap:
        (file,) = self._request(Type.MMAP, length, offset, files=1)[1]
        if (
            os.fstat(file.fileno()).st_size < words * WORD
        ):  # reading past its end would raise SIGBUS
            raise fail(errno.EPROTO)
        return map_words(file.fileno(), words, prot)

    def mmap(self, length: int, prot: int = PROT_READ | PROT_WRITE, offset: int = 0) -> mmap:
        """Map the area. length: in bytes. The mapping outlives the other process."""
        if length <= 0 or offset < 0:
            raise fail(errno.EINVAL)
        return self._map(length, offset, -(-length // WORD), prot)

    def unsettled(self) -> int:
        """Number of sections that have begun but not published anything yet, after counting those
        of dead processes as lost."""
        return self._request(Type.STATUS)[0]

    def _request(
        self, kind: Type, a: int = 0, b: int = 0, c: int = 0, payload: bytes = b"", files: int = 0
    ) -> tuple[int, list[OwnFile]]:
        if not self.number:  # 0 is the connection's first descriptor
            raise fail(errno.EBADF)
        word, _, found = self._link.request(kind, a, b, c, self.number, payload, files=files)
        return word, found

    def close(self) -> None:
        """Close it, which ends its tasks. Repeated calls do nothing."""
        with suppress(ConnectionResetError):  # the service has gone, and so has this
            self._link.close_of(self)


class Collector:
    """A descriptor and its memory, used by one RemoteTrace after another."""

    def __init__(self, link: Link, size: int, recording_mode: str, comparisons: bool) -> None:
        """size: of the area in words, whole pages. Raises OSError."""
        self.link = link
        self.kind = size, recording_mode, comparisons
        self.descriptor = SocketDescriptor(link, recording_mode, next(_tasks))
        try:
            self.descriptor.ioctl(KCOV_INIT_TRACE, size)
            self.kept = self.descriptor.kept(size, comparisons)
        except BaseException:
            self.descriptor.close()
            raise
