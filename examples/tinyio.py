"""Open files of tinykernel's: what those of its tree and its pipes have in common."""

from __future__ import annotations

import errno

from pykcov.kernel import Caller, Node, OpenFile, fail

MOST_AT_ONCE = 1 << 20  # bytes that one read or write moves


class Counting(Node):
    """A node that knows its path, and how many open files of it there are."""

    @property
    def path(self) -> str:
        """Where it is now, as /proc/PID/fd/N tells it."""
        raise NotImplementedError

    def opened(self, flags: int) -> None:
        """There is one more open file of it."""

    def closed(self, flags: int) -> None:
        """There is one less."""


class Opened(OpenFile):
    """An open file of a node that counts them."""

    node: Counting

    def __init__(self, node: Counting, flags: int, path: str) -> None:
        super().__init__(node, flags, path)
        node.opened(flags)

    def placeholder(self) -> int:
        try:
            return super().placeholder()
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        self.node.closed(self.flags)

    @property
    def path(self) -> str:
        """Where it is now: names change while files are open."""
        return self.node.path

    @path.setter
    def path(self, path: str) -> None:
        """Nothing to remember."""


class Stream(Opened):
    """An open file that bytes go into and come out of: take() and put() are all there is to it.

    at: where, for the calls that say so; else it is the open file's position.
    """

    def take(self, task: Caller, size: int, at: int | None = None) -> bytes:
        """Return at most `size` bytes; none at the end."""
        raise NotImplementedError

    def put(self, task: Caller, data: bytes, at: int | None = None) -> int:
        """Write; return how many bytes."""
        raise NotImplementedError

    def scatter(self, task: Caller, parts: list[tuple[int, int]], at: int | None = None) -> int:
        """Read into pieces of the guest's memory, address and size each."""
        data = self.take(task, min(total(parts), MOST_AT_ONCE), at)
        done = 0
        for address, size in parts:
            task.write(address, data[done : done + size])
            done += size
        return len(data)

    def gather(self, task: Caller, parts: list[tuple[int, int]], at: int | None = None) -> int:
        """Write from pieces of the guest's memory."""
        room = min(total(parts), MOST_AT_ONCE)
        data = b""
        for address, size in parts:
            data += task.read(address, min(size, room - len(data)))
        return self.put(task, data, at)


def total(parts: list[tuple[int, int]]) -> int:
    """Bytes in all pieces. Raises EINVAL for more than a call can return."""
    size = sum(size for _, size in parts)
    if size >= 1 << 63:
        raise fail(errno.EINVAL)
    return size
