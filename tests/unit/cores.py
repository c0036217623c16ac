"""What the tests of the C core share: areas in anonymous memory, and probes."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pykcov import probe
from pykcov.abi.kcov import PC_START

A, B, C = (probe.Probe(PC_START + 8 * n) for n in range(1, 4))


class Recording:
    """A recorder, and the words that it writes."""

    def __init__(self, size: int = 512, blocks: bool = False) -> None:
        self.memory = mmap.mmap(-1, size * 8)
        self.recorder = probe.Recorder(self.memory, blocks)
        self.words = memoryview(self.memory).cast("Q")

    @property
    def pcs(self) -> list[int]:
        return self.words[1 : 1 + self.words[0]].tolist()


@contextmanager
def attached(recording: Recording) -> Iterator[Recording]:
    """Record the calling thread."""
    probe.attach(recording.recorder)
    try:
        yield recording
    finally:
        probe.detach()


@contextmanager
def section(recording: Recording) -> Iterator[Recording]:
    """Record the current context."""
    token = probe.section_open(recording.recorder)
    try:
        yield recording
    finally:
        probe.section_close(recording.recorder, token)


def hit(*probes: probe.Probe) -> None:
    """Execute blocks."""
    for one in probes:
        assert ~one is None


def in_thread(call: Callable[[], object]) -> None:
    """Call it in a thread, and wait for the thread's end; what it raises is raised here."""
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
