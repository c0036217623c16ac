"""Pipes of tinykernel's."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import threading
from collections.abc import Callable

from pykcov.kernel import Caller, OpenFile, fail
from tinyio import Counting, Stream

PIPE_BYTES, PIPE_BUF = 1 << 16, 4096  # a pipe's capacity; what is written to it in one piece


class Pipe(Counting):
    """Bytes on their way from writers to readers. `changed` guards them."""

    kind = stat.S_IFIFO

    def __init__(self) -> None:
        super().__init__(0o600)
        self.changed = threading.Condition()
        self.data = bytearray()
        self.readers = self.writers = 0

    @property
    def path(self) -> str:
        return f"pipe:[{self.ino}]"

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        return PipeEnd(self, flags, path)

    def opened(self, flags: int) -> None:
        self.count(flags, +1)

    def closed(self, flags: int) -> None:
        self.count(flags, -1)

    def count(self, flags: int, by: int) -> None:
        """`by` more open files; the last writer's end is the readers' end of file."""
        mode = flags & os.O_ACCMODE
        with self.changed:
            self.readers += by if mode != os.O_WRONLY else 0
            self.writers += by if mode != os.O_RDONLY else 0
            self.changed.notify_all()


class PipeEnd(Stream):
    """One end of a pipe, or both."""

    node: Pipe

    def take(self, task: Caller, size: int, at: int | None = None) -> bytes:
        task.settle()
        pipe = self.node
        with pipe.changed:
            self.wait(task, lambda: bool(pipe.data) or not pipe.writers or not size)
            data = bytes(pipe.data[:size])
            del pipe.data[:size]
            pipe.changed.notify_all()
        return data

    def put(self, task: Caller, data: bytes, at: int | None = None) -> int:
        task.settle()
        pipe = self.node
        least = len(data) if len(data) <= PIPE_BUF else 1
        done = 0
        with pipe.changed:
            while done < len(data):
                try:
                    self.wait(
                        task, lambda: not pipe.readers or len(pipe.data) + least <= PIPE_BYTES
                    )
                except OSError:
                    if not done:
                        raise
                    break
                if not pipe.readers:
                    if done:
                        break
                    self.break_pipe(task)
                part = data[done : done + PIPE_BYTES - len(pipe.data)]
                pipe.data += part
                done += len(part)
                pipe.changed.notify_all()
        return done

    def wait(self, task: Caller, ready: Callable[[], bool]) -> None:
        """Wait until ready(), or raise EAGAIN where waiting is not wanted."""
        if not ready() and self.flags & os.O_NONBLOCK:
            raise fail(errno.EAGAIN)
        task.wait(self.node.changed, ready)

    @staticmethod
    def break_pipe(task: Caller) -> None:
        """Nobody will read it: SIGPIPE, to the process where Linux's goes to the thread."""
        with contextlib.suppress(PermissionError):
            os.kill(task.pid, signal.SIGPIPE)
        raise fail(errno.EPIPE)
