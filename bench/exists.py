"""A process in which so many blocks exist, that measures what may not depend on that.

    python -m bench.exists FOLDER HOW MODULES

HOW: plain (nothing is instrumented) or probed. The first of the made-up MODULES, names with commas,
is the one that gets executed, all of it. Each line of the input is a question; the answer is JSON.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import Any

import pykcov
from bench import machine, made
from bench.areas import KeptArea
from bench.turns import median
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_TRACE_PC, WORD
from pykcov.probe import Recorder, attach, detach


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Exists:
    """Modules that are imported, with or without probes."""

    def __init__(self, folder: str, how: str, names: str) -> None:
        gc.collect()
        gc.disable()  # it would look at all that is there, again and again
        before = resident()
        self.handle = pykcov.instrument(include=[f"{folder}/*.py"]) if how == "probed" else None
        modules = [made.load(Path(folder), name) for name in names.split(",")]
        self.called = [f for name, f in vars(modules[0]).items() if name.startswith("f")]
        self.memory = resident() - before
        self.areas = {}
        if self.handle:
            self.areas = {kind: KeptArea(1 << 16, kind) for kind in ("trace", "blocks")}

    def call(self) -> None:
        """Execute blocks of each function of the first module."""
        for function in self.called:
            function(99)

    def consume(self) -> dict[str, Any]:
        """Call, and append what was hit to the area. What is timed is the consuming."""
        recorder, area = self._recorder()
        times = []
        for _ in range(30):
            area[0] = 0
            attach(recorder)
            self.call()
            detach()
            start = thread_time_ns()
            consumed = recorder.consume()
            times.append(thread_time_ns() - start)
            assert consumed == area[0] > 0
        return {"us": median(times, 1000), "blocks": consumed}

    def _recorder(self) -> tuple[Recorder, memoryview]:
        if not hasattr(self, "_made"):
            area = memoryview(bytearray(WORD << 16)).cast("Q")
            self._made = Recorder(area, True), area
        return self._made

    def _ioctl(self, kind: str, request: int, arg: int, undo: int, undo_arg: int) -> dict[str, Any]:
        ioctl = self.areas[kind].descriptor.ioctl
        if request == KCOV_DISABLE:
            ioctl(undo, undo_arg)
        times = []
        for _ in range(100):
            start = thread_time_ns()
            ioctl(request, arg)
            times.append(thread_time_ns() - start)
            ioctl(undo, undo_arg)
        if request == KCOV_DISABLE:
            ioctl(request, arg)
        return {"us": median(times, 1000)}

    def enable(self, kind: str) -> dict[str, Any]:
        """KCOV_ENABLE."""
        return self._ioctl(kind, KCOV_ENABLE, KCOV_TRACE_PC, KCOV_DISABLE, 0)

    def disable(self, kind: str) -> dict[str, Any]:
        """KCOV_DISABLE."""
        return self._ioctl(kind, KCOV_DISABLE, 0, KCOV_ENABLE, KCOV_TRACE_PC)

    def fork(self) -> dict[str, Any]:
        """fork(), and the wait for the child, which ends at once."""
        times = []
        for _ in range(10):
            start = perf_counter_ns()
            if (child := os.fork()) == 0:
                os._exit(0)
            os.waitpid(child, 0)
            times.append(perf_counter_ns() - start)
        return {"us": median(times, 1000)}

    def size(self) -> dict[str, Any]:
        """Memory that the modules took, and the number of their blocks."""
        return {"bytes": self.memory, "blocks": self.handle.blocks if self.handle else 0}


def main() -> None:
    """Answer until the input ends."""
    process = Exists(*sys.argv[1:])
    machine.settle()
    for line in sys.stdin:
        name, *args = line.split()
        question: Callable[..., dict[str, Any]] = getattr(process, name)
        question(*args)  # what is used for the first time is not what is measured
        with machine.first_in_line():
            answer = question(*args)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
