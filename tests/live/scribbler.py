"""A program that is traced while somebody stores random words all over its area.

    python -m tests.live.scribbler HOW RECORDING_MODE MODE SECONDS

HOW: thread, process or both; RECORDING_MODE: trace or blocks; MODE: plain or unique.

The area lies between two forbidden pages, so that a store outside of it is the end of this process.
What the program computes is compared with what it computed before. In unique mode the bitmap has
another size each time, and is reset. Prints how often it ran.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import tomllib
from collections.abc import Iterator

from tests.unit.native_raw import GuardedArea, scribble_for_ever, scribbling_thread

import pykcov
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_RESET_TRACE,
    KCOV_UNIQUE_ENABLE,
)
from pykcov.device.area import Area
from pykcov.reader import decode

SIZE = 512
DOCUMENT = """
title = "a \\u00e9 b"
[owner]
born = 1979-05-27T07:32:00-08:00
numbers = [1, 0xff, 1e3, [true, false], {a = 'b'}]
[[fruit]]
name = \"\"\"apple
pie\"\"\"
"""
BROKEN = ("a = ", "[a]\n[a]", 'a = "\\x"', "a = 1979-99-99", "= 1", "a = [1,")


def compute() -> list[object]:
    """What the traced program does, errors included."""
    results: list[object] = [tomllib.loads(DOCUMENT)]
    for text in BROKEN:
        try:
            results.append(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            results.append(str(error))
    return results


@contextlib.contextmanager
def scribbling_process(fd: int, seed: int) -> Iterator[None]:
    """Store random words into the area from a process of its own."""
    pid = os.fork()
    if pid == 0:
        try:
            scribble_for_ever(fd, SIZE, seed)
        finally:
            os._exit(1)
    try:
        yield
        assert os.waitpid(pid, os.WNOHANG) == (0, 0), "it died before its time"
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def main(how: str, recording_mode: str, mode: str, seconds: float) -> int:
    guarded: list[GuardedArea] = []

    def words(area: Area) -> object:
        guarded.append(GuardedArea(area.fd, area.size))
        return guarded[-1].words

    Area.memory = words  # type: ignore[method-assign, assignment]
    expected = compute()
    runs = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(pykcov.instrument(source="tomllib"))
        descriptor = stack.enter_context(pykcov.open(recording_mode))
        descriptor.ioctl(KCOV_INIT_TRACE, SIZE)
        seen = descriptor.mmap(SIZE * 8)
        if how in ("process", "both"):
            stack.enter_context(scribbling_process(descriptor.fileno(), 1))
        enable = KCOV_UNIQUE_ENABLE if mode == "unique" else KCOV_ENABLE
        bitmap = 1 if mode == "unique" else 0
        descriptor.ioctl(enable, bitmap)
        if how in ("thread", "both"):
            stack.enter_context(scribbling_thread(guarded[0].address, SIZE, 2))
        end = time.monotonic() + seconds
        while runs < 100 or time.monotonic() < end:
            assert compute() == expected
            descriptor.ioctl(KCOV_RESET_TRACE)
            assert compute() == expected
            descriptor.ioctl(KCOV_DISABLE)
            records = decode.Records(memoryview(seen)[8 * bitmap :]).pcs()
            assert len(records) < SIZE - bitmap
            bitmap = bitmap and bitmap * 7 % (SIZE - 3) + 1  # 1 to SIZE - 3
            descriptor.ioctl(enable, bitmap)
            runs += 1
        descriptor.ioctl(KCOV_DISABLE)
    print(runs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])))
