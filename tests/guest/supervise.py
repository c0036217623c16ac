"""Run a guest under a kernel's file, with leaks as errors; print what is left, as JSON.

supervise.py KERNEL.py [--strict] CMD args: "exit" is the guest's code; "references", "descriptors"
and "threads" are those that the supervisor did not give back; "memory" is what it grew by, in KiB,
from the time when the guest had started on.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
import time
from pathlib import Path

import pykcov
from pykcov import errors, refs
from pykcov.cli.guest import load
from pykcov.guest import run


def descriptors() -> list[str]:
    """What this process has open."""
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))  # noqa: PTH115 - a link's text
        except OSError:
            continue  # the listing's own
    return sorted(found)


def resident() -> int:
    """Memory in KiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


class Watch(threading.Thread):
    """Looks at memory, from a while after the start on, and at threads."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.first = self.most = self.threads = 0
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.wait(0.25):
            now = resident()
            self.threads = max(self.threads, threading.active_count())
            if self.first == 0:
                self.first = now
            self.most = max(self.most, now)


def main() -> None:
    """Run it."""
    logging.basicConfig(level="ERROR", stream=sys.stderr)
    errors.raise_own_bugs = True
    refs.set_checked(True)
    path, *argv = sys.argv[1:]
    strict = argv[0] == "--strict"
    with pykcov.instrument(include=[str(Path(path).resolve())]):
        kernel = load(Path(path))
        before = descriptors()
        watch = Watch()
        watch.start()
        started = time.monotonic()
        code = run(kernel, argv[strict:], strict=strict)
        seconds = time.monotonic() - started
        watch.stop.set()
        watch.join()
        gc.collect()
        after = descriptors()
    left = {
        "exit": code,
        "seconds": seconds,
        "references": [leak.leak_message() for leak in refs.live()],
        "descriptors": [name for name in after if name not in before or after.count(name) > 9],
        "threads": [t.name for t in threading.enumerate() if t.name.startswith("pykcov")],
        "most threads": watch.threads,
        "memory": watch.most - watch.first,
    }
    print(json.dumps(left))


if __name__ == "__main__":
    main()
