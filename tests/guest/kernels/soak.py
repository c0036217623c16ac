"""getppid has a few blocks and is counted; sched_yield tells the count."""

from __future__ import annotations

import threading

from pykcov.kernel import Caller, Kernel, syscall


class Soak(Kernel):
    """Counts."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.answered = 0

    @syscall
    def getppid(self, task: Caller) -> object:
        total = 0
        for number in range(3):
            if number % 2:
                total += number
        with self.lock:
            self.answered += 1
        return total

    @syscall
    def sched_yield(self, task: Caller) -> object:
        return self.answered
