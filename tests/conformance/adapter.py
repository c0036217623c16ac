"""What a way into the device offers, so that each row of the conformance tests is written once.

A Device starts a process; a Task is one thread of it, that does what it is told, one thing at a
time. What the device answers with an errno is an OSError here.
"""

from __future__ import annotations

import enum
from typing import Protocol

import pytest

PROT_READ, PROT_WRITE = 1, 2
PAGE_WORDS = 512


class End(enum.Enum):
    """How a task ends."""

    RETURN = "its function returns"  # of a thread: the thread ends; of a process: exit()
    EXIT = "_exit"
    KILL = "SIGKILL"
    EXEC = "execve of another program, which lives on"


class Map(Protocol):
    """A mapping of an area, in the process of the task that made it."""

    def load(self, index: int) -> int: ...
    def store(self, index: int, word: int) -> None: ...
    def words(self, first: int, last: int) -> list[int]:
        """The words of index `first` up to, and without, `last`."""

    def unmap(self) -> None: ...


class Task(Protocol):
    """Descriptors are numbers, which threads share, and forked children inherit."""

    def open(self) -> int: ...
    def ioctl(self, fd: int, request: int, arg: int = 0) -> None: ...
    def mmap(
        self, fd: int, length: int, prot: int = PROT_READ | PROT_WRITE, offset: int = 0
    ) -> Map: ...
    def close(self, fd: int) -> None: ...
    def run(self) -> None:
        """Execute the blocks that Device.pcs lists."""

    def run_on(self) -> None:
        """Go on with run() until the task's process ends; nothing else can be asked of it."""

    def relay(self, fd: int, times: int, processes: bool) -> None:
        """So many times, without a pause: a thread or process is started, does KCOV_ENABLE and
        run(), ends and is waited for; and the task does KCOV_ENABLE and KCOV_DISABLE."""

    def run_long(self, milliseconds: int, waits: bool) -> None:
        """Begin a call of run() twice, with a pause, and return; needs LONG_CALLS.

        waits: it lets go of whatever serves calls. Nothing else can be asked of the task.
        """

    def memory(self, fd: int) -> int:
        """Bytes of memory that the descriptor's area takes."""

    def limit_memory(self) -> None:
        """Leave no room for an area of 64 MiB more: to the task's process, or who allocates it."""

    def thread(self, native: bool = False) -> Task:
        """Start another thread of this process; native: one that the program's C code makes."""

    def fork(self) -> Task: ...
    def exec(self) -> None:
        """execve of a program that takes the task's orders from then on; needs EXECVE_KEEPS.

        The process's other tasks are over.
        """

    def call(self, name: str, *args: int | bytes | bytearray) -> int:
        """Make a system call; needs FILE_OPERATIONS. A buffer stands for its address, and a
        bytearray holds afterwards what the call wrote there."""

    def end(self, how: End = End.RETURN) -> None:
        """End the task, and wait as the system does: pthread_join(), or waitpid()."""


class Device(Protocol):
    """A way into the device.

    pcs: what one Task.run() records. holds: the rows of KCOV-ABI.md's table "Where each row holds"
    in which ways differ, as far as they hold here.
    """

    pcs: list[int]
    holds: frozenset[str]

    def start(self) -> Task:
        """Return a task of a new process, or of one that has no descriptors open."""

    def stop(self) -> None:
        """End everything that was started. No reference may be left."""


class Rows:
    """Names of the rows in which ways differ."""

    OWN_CODE = "KCOV_ENABLE records the calling task alone, and each task can have one"
    PROCESSES = "a task can fork, and its memory be limited"
    FORK_SHARES = "descriptor after fork is shared"
    CLOSE_KEEPS_RECORDING = "close while enabled goes on recording"
    EXECVE_ENDS = "owner's execve counts as exit"
    EXECVE_KEEPS = "owner's execve goes on recording"
    MORE_THREADS = "forked children can start threads"
    LONG_CALLS = "a task can be killed in the middle of a call"
    FILE_OPERATIONS = "file operations other than open, ioctl, mmap, close"
    THREADS = "a task is a thread of the program"


def need(device: Device, *rows: str) -> None:
    """Skip the test unless the rows hold on this way in."""
    for row in rows:
        if row not in device.holds:
            pytest.skip(f"does not hold here: {row}")


def trace_of(area: Map) -> list[int]:
    """Read the area as a client does."""
    return area.words(1, 1 + area.load(0))
