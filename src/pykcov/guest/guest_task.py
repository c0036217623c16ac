"""A guest's thread, as the kernel's methods get it (pykcov.kernel.Caller)."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from typing import Protocol

from pykcov import probe
from pykcov.abi.stat import AT_FDCWD
from pykcov.abi.words import int32
from pykcov.device.task import Task
from pykcov.errors import fail
from pykcov.guest import namespaces, proc_raw
from pykcov.guest._host import Listener
from pykcov.guest.log import warn_once
from pykcov.guest.paths import walk
from pykcov.guest.placeholders import Placeholders
from pykcov.guest.processes import Processes
from pykcov.kernel.credentials import Credentials, Ids, Numbers
from pykcov.kernel.interface import OpenFile, Place
from pykcov.kernel.kernel import Kernel

ERESTARTSYS = 512  # include/linux/errno.h: restart after a handler with SA_RESTART, else EINTR
_CWD = re.compile(r"/proc/(\d+)(?:/task/\d+)?/cwd")
_LOOK, _LOOK_MOST = 0.002, 0.04  # seconds between two looks for signals: at first, and later


def _out_of_files(error: OSError) -> OSError:
    """Say that no placeholder can be had; return what the guest gets."""
    warn_once("a guest's file cannot be opened", error)
    return fail(errno.ENFILE)


class Supervisor(Protocol):
    """Who serves the task, as far as it needs it (supervisor.py)."""

    kernel: Kernel
    listener: Listener
    placeholders: Placeholders
    processes: Processes

    def end_if_dead(self, owner: Task, /) -> None: ...


class GuestTask(Task):
    """One thread of a guest. `call` is the notification that waits, 0 when there is none.

    While it waits nothing but its handler touches the task: a thread makes one call at a time. So a
    task that ends in the middle of a call, killed, is left to its handler's thread: see `ended`.
    """

    def __init__(self, supervisor: Supervisor, tid: int, pid: int) -> None:
        super().__init__()
        self.supervisor = supervisor
        self.tid, self.pid = tid, pid
        self.call = 0
        self.ended = False
        self._numbers: tuple[int, Numbers] | None = None  # a task stays in its PID namespace

    def __repr__(self) -> str:
        return f"<guest {self.pid}/{self.tid}>"

    # -- in and out of the kernel, at each call: without what a supervisor has no need of ----------

    def enter(self) -> None:
        self._entered = True
        if self._recorder is not None:
            probe.attach(self._recorder)

    def leave(self) -> None:
        self._entered = False
        if self._recorder is not None:
            probe.detach()
        if self.work:
            self.run_work()

    # -- memory -----------------------------------------------------------------------------------

    def read(self, address: int, size: int) -> bytes:
        return self.supervisor.listener.read(self.call, self.tid, address, size)

    def read_string(self, address: int) -> bytes:
        return self.supervisor.listener.read_string(self.call, self.tid, address)

    def write(self, address: int, data: bytes) -> None:
        self.supervisor.listener.write(self.call, self.tid, address, data)

    # -- files ------------------------------------------------------------------------------------

    def file(self, fd: int) -> OpenFile | None:
        number = int32(fd)
        if number < 0:
            return None
        return self.supervisor.placeholders.at(f"/proc/{self.tid}/fd/{number}")

    def cwd(self) -> OpenFile | None:
        return self.supervisor.processes.cwd(self.pid)

    def chdir(self, file: OpenFile | None) -> None:
        try:
            self.supervisor.processes.chdir(self.pid, file)
        except OSError as error:
            if file is not None:
                file.release()
            raise _out_of_files(error) from error

    def lookup(
        self, dirfd: int, address: int, *, follow: bool = True, empty: bool = False
    ) -> Place:
        try:
            path = os.fsdecode(self.read_string(address)) if address or not empty else ""
        except PermissionError:
            return Place("")  # a process that cannot be looked into: the host sees to it
        dirfd = int32(dirfd)
        file = None
        if not path.startswith("/"):
            file = self.cwd() if dirfd == AT_FDCWD else self.file(dirfd)
        if not path:
            file = file if empty else None
            return Place("" if file is None else file.path, file=file)
        if file is not None and not stat.S_ISDIR(file.node.mode):
            raise fail(errno.ENOTDIR)
        root = "/" if self.supervisor.kernel.in_chroots else proc_raw.root(self.tid)
        if root is None:
            return Place("")  # in a tree where nothing is shown
        procfs = "/proc" if root == "/" else f"{root}/proc"
        proc = f"{procfs}/{self.pid}"
        own = {f"{procfs}/self": proc, f"{procfs}/thread-self": f"{proc}/task/{self.tid}"}
        start = self._directory(dirfd) if file is None else file.path
        files = self.supervisor.kernel.files
        return walk(start, path, follow, files, self._behind, own, file is not None, root)

    def _directory(self, dirfd: int) -> str:
        """Path of a directory of the host's: a descriptor's, or the current one."""
        link = f"/proc/{self.tid}/" + ("cwd" if dirfd == AT_FDCWD else f"fd/{dirfd}")
        try:
            return os.readlink(link)
        except OSError:
            return link  # nothing below it is a mount

    def _behind(self, path: str) -> OpenFile | None:
        """The open file behind a link in /proc, as .../fd/N and /proc/PID/cwd."""
        if (whose := _CWD.fullmatch(path)) is not None:
            return self.supervisor.processes.cwd(int(whose[1]))
        return self.supervisor.placeholders.at(path)

    def path(self, address: int, dirfd: int = AT_FDCWD) -> str:
        return self.lookup(dirfd, address).path

    def install(self, file: OpenFile, flags: int = 0) -> int:
        try:
            fd = file.placeholder()
        except OSError as error:
            if not file.stands_in:
                raise
            raise _out_of_files(error) from error
        try:
            # Watched before the guest has it: from now on its close is seen, also when it never
            # gets it and the one that we hold is the last.
            try:
                if file.stands_in:
                    self.supervisor.placeholders.add(file, fd)
            except OSError as error:
                file.release()
                raise _out_of_files(error) from error
            return self.supervisor.listener.add_fd(self.call, fd, flags & os.O_CLOEXEC)
        finally:
            os.close(fd)

    def credentials(self, real: bool = False) -> Credentials:
        status = proc_raw.status(self.tid)
        which = 0 if real else 3
        ids = namespaces.ids(self.tid)
        return Credentials(
            status.uids[which],
            status.gids[which],
            status.groups,
            None if ids is namespaces.PLAIN else ids,
        )

    def numbers(self) -> Numbers:
        if self._numbers is None or self._numbers[0] != self.tid:  # which execve changes
            self._numbers = self.tid, namespaces.numbers(self.tid)
        return self._numbers[1]

    def parent(self) -> int:
        return namespaces.parent(self.tid)

    def ids(self) -> Ids:
        return namespaces.ids(self.tid)

    def umask(self) -> int:
        return proc_raw.status(self.tid).umask

    def settle(self) -> None:
        self.supervisor.placeholders.collect()

    # -- waiting ----------------------------------------------------------------------------------

    def wait(
        self,
        condition: threading.Condition,
        ready: Callable[[], bool],
        timeout: float | None = None,
    ) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        look = _LOOK
        while not (done := ready()):
            self.supervisor.listener.give_up()
            left = look if deadline is None else min(look, deadline - time.monotonic())
            if left <= 0:
                break
            condition.wait(left)
            self._interrupt()
            look = min(2 * look, _LOOK_MOST)
        return done

    def _interrupt(self) -> None:
        """Raise InterruptedError when a signal waits for the guest, or it is gone."""
        try:
            status = proc_raw.status(self.tid)
        except OSError:
            raise InterruptedError(ERESTARTSYS, "the guest is gone") from None
        if status.pending & ~status.blocked:
            raise InterruptedError(ERESTARTSYS, "a signal")
        if status.shared_pending & ~status.blocked:
            # With several threads the signal may become another one's. Nobody would then turn
            # ERESTARTSYS into what the guest knows.
            alone = status.threads == 1
            raise InterruptedError(ERESTARTSYS if alone else errno.EINTR, "a signal")
        if not self.supervisor.listener.is_valid(self.call):
            raise InterruptedError(ERESTARTSYS, "the guest is gone")
