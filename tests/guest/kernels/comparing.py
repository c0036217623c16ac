"""A kernel that compares what it is told to."""

from __future__ import annotations

from pykcov.kernel import Caller, Kernel, syscall

NAMES = {b"alpha": 1, b"omega": 2}


class Comparing(Kernel):
    @syscall
    def getpriority(self, task: Caller, which: int, who: int) -> int:
        del task, which
        small = who - 2
        if small == 0x1234567890:
            return 1
        name = b"alphe" if who else b""
        found = NAMES.get(name)
        return 0 if found is None else found
