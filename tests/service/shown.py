"""A service for tests: shown.py NAME WORKERS METHOD [comparisons]: runs numbered requests.

A request is a line "HANDLE N" on stdin; it is run in the section HANDLE by the process, or by the
next of its WORKERS, which it starts by METHOD of multiprocessing, and answered by a line on stdout
when its section is published. A line "+" starts one worker more, "pid" asks for the next one's.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import warnings
from multiprocessing.connection import Connection

from tests.live import subject

import pykcov


def answer(line: str) -> str:
    """Run a request."""
    if line == "pid":
        return str(os.getpid())
    handle, n = line.split()
    with pykcov.remote(int(handle) if handle.isdecimal() else handle) as section:
        subject.work(int(n))
    return "whole" if section.complete else "cut"


def worker(requests: Connection) -> None:
    """Answer requests until there are none."""
    requests.send("ready")
    while True:
        try:
            line = requests.recv()
        except EOFError:
            return
        os.write(1, f"{answer(line)}\n".encode())


def main() -> None:
    """Show the device, and serve."""
    name, workers, method = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks
    context = multiprocessing.get_context(method)
    started = []

    def start() -> None:
        theirs, ours = context.Pipe()
        process = context.Process(target=worker, args=(theirs,), daemon=True)  # type: ignore[attr-defined]
        process.start()
        theirs.close()
        assert ours.recv() == "ready"
        started.append(ours)

    comparisons = "comparisons" in sys.argv[4:]
    with pykcov.instrument(include=["**/tests/live/subject.py"], comparisons=comparisons):
        pykcov.serve(name)
        for _ in range(workers):
            start()
        print("ready", flush=True)
        count = 0
        for line in map(str.strip, sys.stdin):
            if line == "+":
                start()
                print("started", flush=True)
            elif not started:
                print(answer(line), flush=True)
            else:
                with contextlib.suppress(BrokenPipeError):  # a test has killed it
                    started[count % len(started)].send(line)
                count += 1


if __name__ == "__main__":
    main()
