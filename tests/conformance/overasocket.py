"""The way in over a socket: the device of another process, whose threads are all recorded.

A task is a number that a client gives; run() has the other process execute the blocks.
"""

from __future__ import annotations

import itertools
import mmap
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conformance import workload
from tests.conformance.adapter import PROT_READ, PROT_WRITE, End

import pykcov
from pykcov.service.socket_descriptor import SocketDescriptor

PROGRAM = """
import sys
import pykcov
from tests.conformance import workload
with pykcov.instrument(include=workload.__file__):
    pykcov.serve(sys.argv[1])
    print("ready", flush=True)
    for _ in sys.stdin:
        workload.run()
        print("done", flush=True)
"""


class SocketMap:
    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    def load(self, index: int) -> int:
        return self.words(index, index + 1)[0]

    def store(self, index: int, word: int) -> None:
        with memoryview(self._memory) as view, view.cast("Q") as words:
            words[index] = word

    def words(self, first: int, last: int) -> list[int]:
        with memoryview(self._memory) as view, view.cast("Q") as words:
            return words[first:last].tolist()

    def unmap(self) -> None:
        self._memory.close()


class SocketTask:
    """A task of this process's; the threads of one process share `descriptors`."""

    def __init__(self, device: OverASocket, descriptors: dict[int, SocketDescriptor]) -> None:
        self._device, self._descriptors = device, descriptors
        self._number = next(device.numbers)

    def open(self) -> int:
        number = max(self._descriptors, default=2) + 1
        self._descriptors[number] = pykcov.connect(self._device.name).open()
        return number

    def ioctl(self, fd: int, request: int, arg: int = 0) -> None:
        self._descriptors[fd].ioctl_of(self._number, request, arg)

    def mmap(
        self, fd: int, length: int, prot: int = PROT_READ | PROT_WRITE, offset: int = 0
    ) -> SocketMap:
        return SocketMap(self._descriptors[fd].mmap(length, prot, offset))

    def close(self, fd: int) -> None:
        """Close it, and wait until the device knows."""
        self._descriptors.pop(fd).close()
        self._device.wait_for(sum(map(len, self._device.processes)))

    def run(self) -> None:
        self._device.run()

    def memory(self, fd: int) -> int:
        area = self._descriptors[fd].area()
        try:
            return 512 * os.fstat(area).st_blocks
        finally:
            os.close(area)

    def thread(self, native: bool = False) -> SocketTask:
        return SocketTask(self._device, self._descriptors)

    def end(self, how: End = End.RETURN) -> None:
        assert how is End.RETURN
        for descriptor in self._descriptors.values():
            descriptor.exit_of(self._number)

    def fork(self) -> SocketTask:
        raise NotImplementedError("a child connects anew")

    def run_on(self) -> None:
        raise NotImplementedError

    def relay(self, fd: int, times: int, processes: bool) -> None:
        raise NotImplementedError

    def run_long(self, milliseconds: int, waits: bool) -> None:
        raise NotImplementedError

    def limit_memory(self) -> None:
        raise NotImplementedError

    def exec(self) -> None:
        raise NotImplementedError

    def call(self, name: str, *args: int | bytes | bytearray) -> int:
        raise NotImplementedError


class OverASocket:
    """`pykcov.connect()`."""

    holds: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.name = f"conformance-{os.getpid()}"
        self.numbers = itertools.count(1)
        self.processes: list[dict[int, SocketDescriptor]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="pykcov-")
        self._before = os.environ.get("PYKCOV_DEVICES")
        os.environ["PYKCOV_DEVICES"] = self._folder.name
        self._service = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, self.name],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self._line() == "ready\n"
        with (
            pykcov.instrument(include=str(Path(workload.__file__))),
            pykcov.trace() as trace,
        ):
            workload.run()
        self.pcs = trace.pcs.tolist()

    def _line(self) -> str:
        assert self._service.stdout is not None
        return self._service.stdout.readline()

    def run(self) -> None:
        """Have the service execute the workload."""
        assert self._service.stdin is not None
        self._service.stdin.write("run\n")
        assert self._line() == "done\n"

    def start(self) -> SocketTask:
        self.processes.append({})
        return SocketTask(self, self.processes[-1])

    def wait_for(self, descriptors: int) -> None:
        """Wait until the service has so many."""
        deadline = time.monotonic() + 10
        while pykcov.connect(self.name).info["descriptors"] != descriptors:
            assert time.monotonic() < deadline

    def stop(self) -> None:
        for descriptors in self.processes:
            for descriptor in descriptors.values():
                descriptor.close()
        self.processes.clear()
        self.wait_for(0)

    def leave(self) -> None:
        """End the service."""
        assert self._service.stdin is not None
        assert self._service.stdout is not None
        self._service.stdin.close()
        self._service.wait(10)
        self._service.stdout.close()
        self._folder.cleanup()
        if self._before is None:
            del os.environ["PYKCOV_DEVICES"]
        else:
            os.environ["PYKCOV_DEVICES"] = self._before
