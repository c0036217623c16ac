"""A service for tests: shown.py NAME WORKERS: runs numbered requests.

A request is a line "HANDLE N" on stdin; it is run in the section HANDLE by the process, or by the
next of its WORKERS forked children, and answered by a line on stdout when its section is published.
"""

from __future__ import annotations

import os
import sys
import warnings

from tests.live import subject

import pykcov


def serve_requests(requests: int, answers: int) -> None:
    """Answer requests until there are none."""
    with open(requests, buffering=1) as lines:
        for line in lines:
            handle, n = line.split()
            with pykcov.remote(int(handle) if handle.isdecimal() else handle) as section:
                subject.work(int(n))
            os.write(answers, b"whole\n" if section.complete else b"cut\n")


def main() -> None:
    """Show the device, and serve."""
    name, workers = sys.argv[1], int(sys.argv[2])
    warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        pykcov.serve(name)
        pipes: list[int] = []
        for _ in range(workers):
            reading, writing = os.pipe()
            if os.fork() == 0:
                for other in pipes:
                    os.close(other)
                os.close(writing)
                serve_requests(reading, 1)
                os._exit(0)
            os.close(reading)
            pipes.append(writing)
        print("ready", flush=True)
        if not workers:
            serve_requests(0, 1)
            return
        for count, line in enumerate(sys.stdin):
            os.write(pipes[count % workers], line.encode())
        for writing in pipes:
            os.close(writing)
        for _ in pipes:
            os.wait()


if __name__ == "__main__":
    main()
