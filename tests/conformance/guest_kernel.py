"""The kernel of the tests' guests. getppid(2) is the workload; afs_syscall(2) serves the tests."""

from __future__ import annotations

import mmap
import os
import resource
import struct
import threading
import time
from pathlib import Path

from tests.conformance import workload

from pykcov import errors, refs
from pykcov.guest.guest_task import GuestTask
from pykcov.guest.kcov_file import OpenKcov
from pykcov.guest.supervisor import Supervisor
from pykcov.kernel import Kernel, syscall

errors.raise_own_bugs = True
refs.set_checked(True)

# What afs_syscall(2), which Linux has not, does here.
MEMORY, LIMIT_MEMORY, FREE_MEMORY, COUNTS, LATE, WAIT = range(6)
COUNTED = struct.Struct("5Q")  # references, tasks, processes, placeholders, descriptors
MORE = 64 << 20


class GuestKernel(Kernel):
    """Answers tests."""

    def __init__(self) -> None:
        super().__init__()
        self._never = threading.Condition()

    @syscall
    def getppid(self, task: GuestTask) -> int:
        workload.run()
        return task.pid

    @syscall
    def afs_syscall(self, task: GuestTask, what: int, arg: int) -> int:
        if what == MEMORY:
            file = task.file(arg)
            assert isinstance(file, OpenKcov)
            return 512 * os.fstat(file.descriptor.fileno()).st_blocks
        if what in (LIMIT_MEMORY, FREE_MEMORY):
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            limit = pages * mmap.PAGESIZE + MORE if what == LIMIT_MEMORY else hard
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
            return 0
        if what in (LATE, WAIT):  # the workload twice, with some milliseconds in between
            workload.run()
            if what == LATE:
                time.sleep(arg / 1000)
            else:
                with self._never:
                    task.wait(self._never, lambda: False, arg / 1000)
            workload.run()
            return 0
        supervisor = task.supervisor
        assert isinstance(supervisor, Supervisor)
        counts = (
            len(refs.live()),
            len(supervisor._tasks),
            len(supervisor.processes),
            len(supervisor.placeholders),
            len(list(Path("/proc/self/fd").iterdir())),
        )
        task.write(arg, COUNTED.pack(*counts))
        return 0
