"""A kernel whose calls have known traces; it counts, and waits where clients want it to."""

from __future__ import annotations

import threading
import time

from pykcov.kernel import Caller, Kernel, syscall


class Counting(Kernel):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.changed = threading.Condition()

    @syscall
    def getpid(self, task: Caller) -> int:
        return task.pid

    @syscall
    def getppid(self, task: Caller) -> int:
        self.calls.append("getppid")
        return 1

    @syscall
    def getpgrp(self, task: Caller) -> int:
        """How many calls were answered: of getppid and getitimer."""
        return len(self.calls)

    @syscall
    def getpriority(self, task: Caller, which: int, who: int) -> int:
        """Each number has a trace of its own."""
        bits = 0
        while who:
            if who & 1:
                bits += 1
            who >>= 1
        return bits

    @syscall
    def getitimer(self, task: Caller, milliseconds: int) -> int:
        """Takes a while, and does not look for signals."""
        time.sleep(milliseconds / 1000)
        self.calls.append("getitimer")
        return 0

    @syscall
    def pause(self, task: Caller) -> int:
        """Waits for ever, until a signal comes."""
        with self.changed:
            task.wait(self.changed, lambda: False)
        return 0
