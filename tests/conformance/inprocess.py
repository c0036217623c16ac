"""The way in of `import pykcov`: tasks are OS threads, of this process and of forks of it."""

from __future__ import annotations

import contextlib
import mmap
import os
import queue
import resource
import signal
import threading
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from tests.conformance import workload
from tests.conformance.adapter import PROT_READ, PROT_WRITE, End, Rows
from tests.unit.native_raw import on_c_thread

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE
from pykcov.device import task
from pykcov.device.descriptor import Descriptor


class Process:
    """What the threads of one process share, and what they can be told to do."""

    def __init__(self) -> None:
        self.descriptors: dict[int, Descriptor] = {}
        self.maps: dict[int, mmap.mmap] = {}

    def open(self) -> int:
        number = max(self.descriptors, default=2) + 1
        self.descriptors[number] = pykcov.open()
        return number

    def ioctl(self, fd: int, request: int, arg: int) -> None:
        self.descriptors[fd].ioctl(request, arg)

    def mmap(self, fd: int, length: int, prot: int, offset: int) -> int:
        number = len(self.maps)
        self.maps[number] = self.descriptors[fd].mmap(length, prot, offset)
        return number

    def words(self, number: int, first: int, last: int) -> list[int]:
        with memoryview(self.maps[number]) as view, view.cast("Q") as words:
            return words[first:last].tolist()

    def store(self, number: int, index: int, word: int) -> None:
        with memoryview(self.maps[number]) as view, view.cast("Q") as words:
            words[index] = word

    def unmap(self, number: int) -> None:
        self.maps[number].close()

    def close(self, fd: int) -> None:
        self.descriptors.pop(fd).close()

    def run(self) -> None:
        workload.run()

    def relay(self, fd: int, times: int, processes: bool) -> None:
        def record() -> None:
            self.ioctl(fd, KCOV_ENABLE, 0)
            self.run()

        for _ in range(times):
            if processes:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    pid = os.fork()
                if pid == 0:
                    try:
                        record()
                        os._exit(0)
                    finally:
                        os._exit(70)
                assert os.waitpid(pid, 0)[1] == 0
            else:
                on_c_thread(record)
            self.ioctl(fd, KCOV_ENABLE, 0)
            self.ioctl(fd, KCOV_DISABLE, 0)

    def memory(self, fd: int) -> int:
        return 512 * os.fstat(self.descriptors[fd].fileno()).st_blocks

    def limit_memory(self) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * mmap.PAGESIZE + (64 << 20),) * 2)

    def fork(self) -> tuple[int, Connection]:
        here, there = Pipe()
        with warnings.catch_warnings():  # that the parent has threads
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            try:
                self._serve(there)
            finally:
                os._exit(70)
        there.close()
        return pid, here

    def _serve(self, orders: Connection) -> None:
        while True:
            name, args = orders.recv()
            if name == "exec":
                os.execv("/bin/sleep", ["sleep", "600"])
            if name == "exit":
                os._exit(0)
            while name == "run_on":
                self.run()
            try:
                result, error = getattr(self, name)(*args), None
            except Exception as raised:
                result, error = None, raised
            orders.send((result, error))


class InProcessMap:
    def __init__(self, call: Callable[..., Any], number: int) -> None:
        self._call, self._number = call, number

    def load(self, index: int) -> int:
        return self.words(index, index + 1)[0]

    def store(self, index: int, word: int) -> None:
        self._call("store", self._number, index, word)

    def words(self, first: int, last: int) -> list[int]:
        return list(self._call("words", self._number, first, last))

    def unmap(self) -> None:
        self._call("unmap", self._number)


class InProcessTask:
    """The calling thread."""

    def __init__(self, device: InProcess, process: Process) -> None:
        self._device, self._process = device, process
        self.ended = False
        device.tasks.append(self)

    def _call(self, name: str, *args: Any) -> Any:
        return getattr(self._process, name)(*args)

    def open(self) -> int:
        return int(self._call("open"))

    def ioctl(self, fd: int, request: int, arg: int = 0) -> None:
        self._call("ioctl", fd, request, arg)

    def mmap(
        self, fd: int, length: int, prot: int = PROT_READ | PROT_WRITE, offset: int = 0
    ) -> InProcessMap:
        return InProcessMap(self._call, self._call("mmap", fd, length, prot, offset))

    def close(self, fd: int) -> None:
        self._call("close", fd)

    def run(self) -> None:
        self._call("run")

    def memory(self, fd: int) -> int:
        return int(self._call("memory", fd))

    def limit_memory(self) -> None:
        assert isinstance(self, ChildTask), "not in the process that runs the tests"
        self._call("limit_memory")

    def thread(self, native: bool = False) -> ThreadTask:
        return ThreadTask(self._device, self._process, native)

    def fork(self) -> ChildTask:
        return ChildTask(self._device, self._process, *self._call("fork"))

    def run_on(self) -> None:
        raise NotImplementedError("a forked child does that")

    def relay(self, fd: int, times: int, processes: bool) -> None:
        self._call("relay", fd, times, processes)

    def run_long(self, milliseconds: int, waits: bool) -> None:
        raise NotImplementedError("nobody else does a task's calls here")

    def exec(self) -> None:
        raise NotImplementedError("execve ends the task here")

    def call(self, name: str, *args: int | bytes | bytearray) -> int:
        raise NotImplementedError("the device is no file of Linux's here")

    def end(self, how: End = End.RETURN) -> None:
        raise NotImplementedError("the main thread does not end")


class ThreadTask(InProcessTask):
    """Another thread of this process."""

    def __init__(self, device: InProcess, process: Process, native: bool) -> None:
        super().__init__(device, process)
        self._orders: queue.SimpleQueue[tuple[str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()
        target = (lambda: on_c_thread(self._serve)) if native else self._serve
        self._thread = threading.Thread(target=target)
        self._thread.start()

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            try:
                self._answers.put((getattr(self._process, order[0])(*order[1]), None))
            except Exception as error:
                self._answers.put((None, error))

    def _call(self, name: str, *args: Any) -> Any:
        self._orders.put((name, args))
        result, error = self._answers.get()
        if error is not None:
            raise error
        return result

    def end(self, how: End = End.RETURN) -> None:
        assert how is End.RETURN
        self.ended = True
        self._orders.put(None)
        self._thread.join()


class ChildTask(InProcessTask):
    """The one thread of a forked process."""

    def __init__(self, device: InProcess, process: Process, pid: int, orders: Connection) -> None:
        super().__init__(device, process)
        self._pid, self._orders, self._waited = pid, orders, False

    def _call(self, name: str, *args: Any) -> Any:
        self._orders.send((name, args))
        result, error = self._orders.recv()
        if error is not None:
            raise error
        return result

    def end(self, how: End = End.RETURN) -> None:
        if how is End.KILL:
            os.kill(self._pid, signal.SIGKILL)
        elif how is End.EXEC:
            self._orders.send(("exec", ()))
            with contextlib.suppress(EOFError):  # what execve closes
                self._orders.recv()
            return
        else:
            self._orders.send(("exit", ()))
        self.wait()

    def run_on(self) -> None:
        self._orders.send(("run_on", ()))

    def wait(self) -> None:
        os.waitpid(self._pid, 0)
        self._orders.close()
        self.ended = True


class InProcess:
    """`import pykcov`."""

    holds = frozenset(
        {
            Rows.OWN_CODE,
            Rows.PROCESSES,
            Rows.FORK_SHARES,
            Rows.CLOSE_KEEPS_RECORDING,
            Rows.EXECVE_ENDS,
            Rows.THREADS,
        }
    )

    def __init__(self) -> None:
        self.tasks: list[InProcessTask] = []
        self._processes: list[Process] = []
        self._instrumentation = pykcov.instrument(include=str(Path(workload.__file__)))
        with pykcov.trace() as trace:
            workload.run()
        self.pcs = trace.pcs.tolist()

    def start(self) -> InProcessTask:
        self._processes.append(Process())
        return InProcessTask(self, self._processes[-1])

    def stop(self) -> None:
        for started in self.tasks:
            if isinstance(started, ChildTask) and not started.ended:
                started.end(End.KILL)
            elif isinstance(started, ThreadTask) and not started.ended:
                started.end()
        task.ThreadTask.current().exit()
        for process in self._processes:
            for fd in list(process.descriptors):
                process.close(fd)
        self.tasks.clear()
        self._processes.clear()

    def leave(self) -> None:
        """Take the probes out."""
        self._instrumentation.undo()
