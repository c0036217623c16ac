"""A process for tests: told.py: executes what it is told to.

A line on stdin is Python source, as JSON. The answer is a line on stdout, JSON, too: what the
source has left in `answer`, or the repr() of the exception that it raised.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from types import FrameType
from typing import Any

from tests.live import subject

import pykcov


def fork() -> None:
    """Leave the rest to a forked child."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)


def run(handle: int, n: int) -> None:
    """A request."""
    with pykcov.remote(handle):
        subject.work(n)


def interrupt_in(seconds: float) -> None:
    """Have a signal handler raise TimeoutError, as programs do that wait for something."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def execute(source: str, names: dict[str, Any]) -> object:
    """Return the answer."""
    names["answer"] = None
    try:
        exec(source, names)
    except Exception as error:
        return repr(error)
    return names["answer"]


def main() -> None:
    """Do what the lines say."""
    warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks
    names = {"fork": fork, "run": run, "interrupt_in": interrupt_in, "subject": subject}
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        for line in sys.stdin:
            print(json.dumps(execute(json.loads(line), names)), flush=True)


if __name__ == "__main__":
    main()
