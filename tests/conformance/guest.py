"""The way in of guests: tasks are threads of driver.c, which `pykcov guest` runs.

One supervisor serves many tests. The driver's first process forks one for each Device.start().
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from tests.commands import compiler
from tests.conformance import guest_kernel, workload
from tests.conformance.adapter import PAGE_WORDS, PROT_READ, PROT_WRITE, End, Rows, trace_of

from pykcov.abi.kcov import KCOV_ENABLE, KCOV_INIT_TRACE
from pykcov.abi.stat import AT_FDCWD
from pykcov.abi.syscalls import NUMBER

IDLE = 'void _start(void) { for (;;) __asm__ volatile("syscall" : : "a"(34L)); }'  # pause(2)
HERE = Path(__file__).parent
PATH = b"/sys/kernel/debug/kcov"
PATIENCE = 20  # seconds, for what takes milliseconds

# As in driver.c.
CALL, LOAD, STORE, THREAD, JOIN, FORK, RETURN, EXEC, RUN_ON, RELAY = range(10)
SCRATCH = 512
ORDER = struct.Struct(f"9Q{SCRATCH}s")
ANSWER = struct.Struct(f"q{SCRATCH}s")


class Connection:
    """To one thread of the driver."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        connected.settimeout(PATIENCE)
        (self.tid,) = struct.unpack("i", self._receive(4))

    def _receive(self, size: int) -> bytes:
        got = bytearray()
        while len(got) < size:
            more = self._socket.recv(size - len(got))
            if not more:
                raise EOFError("the driver's thread is gone")
            got += more
        return bytes(got)

    def order(self, kind: int, *args: int, pointers: int = 0, data: bytes = b"") -> None:
        words = [arg % 2**64 for arg in args] + [0] * (7 - len(args))
        self._socket.sendall(ORDER.pack(kind, pointers, *words, data))

    def answer(self) -> tuple[int, bytes]:
        """Return the result and the data that came with it. Raises OSError."""
        result, data = ANSWER.unpack(self._receive(ANSWER.size))
        if -4096 < result < 0:
            raise OSError(-result, os.strerror(-result))
        return result, data

    def wait_for_end(self) -> None:
        """Wait until the thread has no connection any more."""
        with contextlib.suppress(ConnectionResetError):
            assert not self._socket.recv(1)

    def ask(self, kind: int, *args: int) -> int:
        self.order(kind, *args)
        return self.answer()[0]

    def words(self, address: int, count: int) -> list[int]:
        self.ask(LOAD, address, count)
        return list(struct.unpack(f"{count}Q", self._receive(8 * count)))

    def close(self) -> None:
        self._socket.close()


class GuestMap:
    def __init__(self, task: GuestTask, address: int, length: int) -> None:
        self._task, self._address, self._length = task, address, length

    def load(self, index: int) -> int:
        return self.words(index, index + 1)[0]

    def store(self, index: int, word: int) -> None:
        self._task.connection.ask(STORE, self._address + 8 * index, word)

    def words(self, first: int, last: int) -> list[int]:
        return self._task.connection.words(self._address + 8 * first, last - first)

    def unmap(self) -> None:
        self._task.call("munmap", self._address, self._length)


class GuestTask:
    """A thread of the driver. parent: what it was started by, and is waited for by.

    thread: what THREAD answered; None for the first thread of a process.
    """

    def __init__(
        self,
        device: Guest,
        connection: Connection,
        pid: int,
        parent: GuestTask | None,
        thread: int | None = None,
    ) -> None:
        self.device, self.connection, self.pid = device, connection, pid
        self.parent, self.thread_ = parent, thread
        device.tasks.append(self)

    def call(self, name: str, *args: int | bytes | bytearray) -> int:
        words, pointers, data = [NUMBER[name]], 0, bytearray()
        for place, arg in enumerate(args, 1):
            if isinstance(arg, int):
                words.append(arg)
            else:
                pointers |= 1 << place
                words.append(len(data))
                data += arg + bytes(-len(arg) % 8)
        assert len(data) <= SCRATCH
        self.connection.order(CALL, *words, pointers=pointers, data=bytes(data))
        result, back = self.connection.answer()
        for place, arg in enumerate(args, 1):
            if isinstance(arg, bytearray):
                arg[:] = back[words[place] : words[place] + len(arg)]
        return result

    def open(self) -> int:
        return self.call("openat", AT_FDCWD, PATH + b"\0", os.O_RDWR)

    def ioctl(self, fd: int, request: int, arg: int = 0) -> None:
        assert self.call("ioctl", fd, request, arg) == 0

    def mmap(
        self, fd: int, length: int, prot: int = PROT_READ | PROT_WRITE, offset: int = 0
    ) -> GuestMap:
        address = self.call("mmap", 0, length, prot, 1, fd, offset)  # 1: MAP_SHARED
        return GuestMap(self, address, length)

    def close(self, fd: int) -> None:
        self.call("close", fd)

    def run(self) -> None:
        assert self.call("getppid") == self.pid

    def run_on(self) -> None:
        self.connection.order(RUN_ON)

    def relay(self, fd: int, times: int, processes: bool) -> None:
        self.connection.ask(RELAY, fd, times, processes)

    def run_long(self, milliseconds: int, waits: bool) -> None:
        what = guest_kernel.WAIT if waits else guest_kernel.LATE
        self.connection.order(CALL, NUMBER["afs_syscall"], what, milliseconds)

    def memory(self, fd: int) -> int:
        return self.call("afs_syscall", guest_kernel.MEMORY, fd)

    def limit_memory(self) -> None:
        """Areas are the supervisor's to allocate, so it is the one that is left no room."""
        self.device.limit_memory(self)

    def thread(self, native: bool = False) -> GuestTask:
        self.connection.order(THREAD, native)
        handle, _ = self.connection.answer()
        return GuestTask(self.device, self.device.accept(), self.pid, self, handle)

    def fork(self) -> GuestTask:
        pid = self.connection.ask(FORK)
        return GuestTask(self.device, self.device.accept(), pid, self)

    def exec(self) -> None:
        self.connection.order(EXEC)
        self._executed(self.device.accept())

    def _executed(self, again: Connection) -> None:
        for task in [task for task in self.device.tasks if task.pid == self.pid]:
            if task.connection is not again:
                task.connection.close()
            if task is not self:
                self.device.tasks.remove(task)
                if task.thread_ is None:
                    self.parent = task.parent
        self.connection, self.thread_ = again, None

    def end(self, how: End = End.RETURN) -> None:
        assert self.parent is not None
        if how is End.EXEC:
            self.connection.order(EXEC, 1)
            self.connection.wait_for_end()
            self._executed(self.connection)
            return
        if how is End.KILL:
            os.kill(self.pid, signal.SIGKILL)
        elif how is End.EXIT:
            self.connection.order(CALL, NUMBER["exit_group"], 0)
        else:
            assert how is End.RETURN
            self.connection.order(RETURN)
        if self.thread_ is not None and how is End.RETURN:
            self.parent.connection.ask(JOIN, self.thread_)
        else:
            self.parent.call("wait4", self.pid, 0, 0, 0)
        self.connection.close()
        self.device.tasks.remove(self)


class Guest:
    """`pykcov guest`. Skips the test where there is no C compiler, or no guests."""

    holds = frozenset(
        {
            Rows.OWN_CODE,
            Rows.PROCESSES,
            Rows.FORK_SHARES,
            Rows.CLOSE_KEEPS_RECORDING,
            Rows.EXECVE_KEEPS,
            Rows.THREADS,
            Rows.MORE_THREADS,
            Rows.LONG_CALLS,
            Rows.FILE_OPERATIONS,
        }
    )

    def __init__(self) -> None:
        self.tasks: list[GuestTask] = []
        self._limited = False
        self._folder = Path(tempfile.mkdtemp(prefix="pykcov-guest-"))
        driver = self._folder / "driver"
        flags = ["-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]
        subprocess.run([compiler(), *flags, "-o", driver, HERE / "driver.c"], check=True)
        command = [compiler(), "-nostdlib", "-static", "-o", str(self._folder / "idle"), "-xc", "-"]
        subprocess.run(command, input=IDLE.encode(), check=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / "orders"))
        self._listener.listen(64)
        self._listener.settimeout(0.1)
        self._start_supervisor(driver)
        self._first = GuestTask(self, self.accept(), 0, None)
        self._first.pid = self._first.connection.tid
        self.tasks.clear()
        self._clean = self._counts()
        self.pcs = self._trace()
        self.stop()

    def _start_supervisor(self, driver: Path) -> None:
        kernel = ("--kernel", guest_kernel.__file__, "--include", workload.__file__)
        command = [sys.executable, "-W", "always", "-m", "pykcov", "guest", "--strict"]
        with (self._folder / "errors").open("w") as errors:
            self._supervisor = subprocess.Popen(
                [*command, *kernel, "--", driver, self._folder / "orders", self._folder / "idle"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                cwd=HERE.parents[1],
            )

    def _said(self) -> str:
        return (self._folder / "errors").read_text()

    def accept(self) -> Connection:
        """Return the connection of the thread that has been started last."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return Connection(self._listener.accept()[0])
            except TimeoutError:
                if self._supervisor.poll() is not None:
                    if "[guests-unsupported]" in self._said():
                        pytest.skip(self._said())
                    raise AssertionError(f"the guest ended early: {self._said()}") from None
                assert time.monotonic() < end, f"no thread of the guest came: {self._said()}"

    def _trace(self) -> list[int]:
        """Return what one run records."""
        task = self.start()
        fd = task.open()
        task.ioctl(fd, KCOV_INIT_TRACE, PAGE_WORDS)
        area = task.mmap(fd, PAGE_WORDS * 8)
        task.ioctl(fd, KCOV_ENABLE)
        task.run()
        return trace_of(area)

    def start(self) -> GuestTask:
        return self._first.fork()

    def limit_memory(self, task: GuestTask) -> None:
        self._limited = True
        task.call("afs_syscall", guest_kernel.LIMIT_MEMORY, 0)

    def _counts(self) -> tuple[int, ...]:
        counts = bytearray(guest_kernel.COUNTED.size)
        self._first.call("afs_syscall", guest_kernel.COUNTS, counts)
        return guest_kernel.COUNTED.unpack(bytes(counts))

    def stop_processes(self) -> None:
        for task in self.tasks:
            with contextlib.suppress(ProcessLookupError):  # where the parent has ended before it
                os.kill(task.pid, signal.SIGKILL)
            task.connection.close()
        for task in self.tasks:
            if task.parent is self._first:
                self._first.call("wait4", task.pid, 0, 0, 0)
        self.tasks.clear()
        if self._limited:
            self._limited = False
            self._first.call("afs_syscall", guest_kernel.FREE_MEMORY, 0)

    def stop(self) -> None:
        self.stop_processes()
        end = time.monotonic() + PATIENCE
        while (counts := self._counts()) != self._clean:  # it hears of ends a little later
            assert time.monotonic() < end, f"left: {counts}, instead of {self._clean}"
            time.sleep(0.001)
        assert not self._said(), self._said()

    def leave(self) -> None:
        """End the supervisor, by the end of the guest."""
        self._first.connection.order(RETURN)
        try:
            code = self._supervisor.wait(PATIENCE)
            assert code == 0, f"exit code {code}: {self._said()}"
            assert not self._said(), self._said()
        finally:
            self._supervisor.kill()
            self._supervisor.wait()
            self._first.connection.close()
            self._listener.close()
            shutil.rmtree(self._folder)
