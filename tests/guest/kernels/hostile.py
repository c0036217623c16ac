"""A kernel with something to record in every call that the hostile guest makes."""

from __future__ import annotations

import threading

from pykcov.kernel import HOST, Caller, Kernel, syscall


class Hostile(Kernel):
    """getppid is the bystander's; pause waits until its caller is killed or gets a signal."""

    def __init__(self) -> None:
        super().__init__()
        self.condition = threading.Condition()

    @syscall
    def getppid(self, task: Caller) -> object:
        total = 0
        for number in range(5):
            if number % 2:
                total += number
        return total

    @syscall
    def getpid(self, task: Caller) -> object:
        return HOST

    @syscall
    def read(self, task: Caller, fd: int, buffer: int, count: int) -> object:
        if fd & 0x80000000:
            return HOST
        return super().read(task, fd, buffer, count)

    @syscall
    def ioctl(self, task: Caller, fd: int, request: int, arg: int) -> object:
        return super().ioctl(task, fd, request, arg)

    @syscall
    def openat(self, task: Caller, dirfd: int, path: int, flags: int, mode: int) -> object:
        return super().openat(task, dirfd, path, flags, mode)

    @syscall
    def sethostname(self, task: Caller, name: int, length: int) -> object:
        return len(task.read(name, length & 0xFFFF))

    @syscall
    def pause(self, task: Caller) -> object:
        with self.condition:
            task.wait(self.condition, lambda: False, timeout=0.05)
        return 0
