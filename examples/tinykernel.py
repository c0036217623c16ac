"""tinykernel: a small POSIX in readable Python, for programs that never heard of it.

    pykcov guest --kernel examples/tinykernel.py -- sh -c 'echo hello > /tiny/f; cat /tiny/f'

Under /tiny guests see a file tree in this process's memory, elsewhere the host's. Clocks, sleep,
identities and uname are this kernel's wherever they are used, and so are pipes where `own_pipes`
says so. dup, dup2, dup3, close and exec are the host's: a guest's descriptor is one of the host's
that stands for an open file of this kernel, which is released when the last one is closed.

This file has the system calls. tinytree.py has the tree's names and tinyfiles.py what they name,
tinypipe.py the pipes, and tinyio.py what open files of all kinds have in common.

What it leaves out: links, device files, execve (EACCES) and mmap (ENODEV) of files, access times.
poll, select and epoll take a pipe of this kernel's for a file: always ready, so programs that wait
for pipes that way (make -j, node, asyncio) hang with them. A sleep that is stopped (SIGSTOP) begins
anew. With several threads a signal may interrupt a call that another's handler was meant for.
"""

from __future__ import annotations

import errno
import os
import platform
import struct
import threading
import time
from collections.abc import Callable

from pykcov.abi.stat import AT_REMOVEDIR, NANO
from pykcov.abi.words import int32, int64
from pykcov.kernel import (
    HOST,
    Caller,
    Files,
    Kernel,
    Place,
    SyscallHandler,
    fail,
    opened,
    pieces,
    search,
    syscall,
)
from tinyfiles import Folder, Regular
from tinyio import Opened, Stream
from tinypipe import Pipe, PipeEnd
from tinytree import RENAME_NOREPLACE, Tree

MOUNT = "/tiny"
F_SETFL = 4
SETTABLE = os.O_APPEND | os.O_NONBLOCK  # of the flags that F_SETFL may set, those that count here
TIMER_ABSTIME = 1
ERESTARTNOHAND = 514  # include/linux/errno.h: EINTR when a handler has run, else once more
TIMESPEC = struct.Struct("<qq")
UTSNAME = struct.Struct("65s" * 6)
STREAM_CALLS = {
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "lseek", "fallocate", "fcntl", "copy_file_range", "sendfile", "splice",
}  # fmt: skip
OWN_CLOCKS = {time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_TAI}


class TinyKernel(Kernel):
    """The system calls. Where neither the tree nor a pipe is meant, they are Kernel's, which also
    has the calls without "at": those with it, from the current directory."""

    own_pipes = False  # have pipes in Python, too, which poll cannot see into
    own_files = True  # have the tree; without it and pipes, reads and writes cost nothing

    def __init__(self) -> None:
        super().__init__()
        self.tree = Tree(self.files if self.own_files else Files(), MOUNT)

    def handlers(self, strict: bool = False) -> dict[int, SyscallHandler]:
        """Trap read, write, lseek and their kin where there may be files of this kernel's.

        A filter can't tell which descriptors those are, so each call on a file or socket of the
        host's comes here, too.
        """
        if self.own_files or self.own_pipes:
            return super().handlers(strict=True)
        found = super().handlers(strict)
        return found if strict else {n: h for n, h in found.items() if h.name not in STREAM_CALLS}

    def owns(self, place: Place) -> bool:
        """Is it in the tree, or an open file of this kernel's?"""
        if place.file is not None:
            return isinstance(place.file, Opened)
        return place.chain is not None and place.chain[0] is self.tree.root

    # -- open -------------------------------------------------------------------------------------

    def open_place(self, task: Caller, place: Place, flags: int, mode: int) -> object:
        if not self.owns(place) or flags & os.O_PATH:
            return super().open_place(task, place, flags, mode)
        if flags & os.O_CREAT and flags & os.O_DIRECTORY:
            raise fail(errno.EINVAL)
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise fail(errno.EOPNOTSUPP)
        who, umask = task.credentials(), task.umask()
        with self.tree.lock:
            node = self.tree.find_or_make(who, place, flags, mode & 0o7777 & ~umask)
            self.tree.check_open(who, node, flags)
            if flags & os.O_TRUNC and isinstance(node, Regular):
                node.resize(0)
                node.touch()
            file = node.open(task, flags, place.path)
        return task.install(file, flags)

    # -- names ------------------------------------------------------------------------------------

    def make_folder(self, task: Caller, place: Place, mode: int) -> object:
        if not self.owns(place):
            return super().make_folder(task, place, mode)
        who, umask = task.credentials(), task.umask()
        with self.tree.lock:
            self.tree.make_folder(who, place, mode & 0o1777 & ~umask)
        return 0

    def remove(self, task: Caller, place: Place, flags: int) -> object:
        if not self.owns(place):
            return super().remove(task, place, flags)
        if flags & 0xFFFFFFFF & ~AT_REMOVEDIR:
            raise fail(errno.EINVAL)
        who = task.credentials()
        with self.tree.lock:
            self.tree.remove(who, place, is_folder=bool(flags))
        return 0

    def move(self, task: Caller, source: Place, target: Callable[[], Place], flags: int) -> object:
        who = task.credentials()
        if self.owns(source):
            with self.tree.lock:
                self.tree.find(who, source)  # what is wrong with the way there comes first
        goal = target()
        if not self.owns(source) and not self.owns(goal):
            return super().move(task, source, lambda: goal, flags)
        flags &= 0xFFFFFFFF
        if flags not in (0, RENAME_NOREPLACE):
            raise fail(errno.EINVAL)
        if self.owns(source) != self.owns(goal):
            raise fail(errno.EXDEV)
        with self.tree.lock:
            self.tree.move(who, source, goal, flags)
        return 0

    def truncate_place(self, task: Caller, place: Place, length: int) -> object:
        if not self.owns(place):
            return super().truncate_place(task, place, length)
        if int64(length) < 0:
            raise fail(errno.EINVAL)
        search(task, place)
        node = place.node
        if isinstance(node, Folder):
            raise fail(errno.EISDIR)
        if not isinstance(node, Regular):
            raise fail(errno.EINVAL)
        if not task.credentials().may(node, os.W_OK):
            raise fail(errno.EACCES)
        return node.truncate(int64(length))

    # -- descriptors ------------------------------------------------------------------------------

    def stream(self, task: Caller, fd: int, unless: int) -> Stream | None:
        """Return the file or pipe to read or write; None when it is another's to do.

        Raises EBADF for a negative descriptor, and one that was opened with the flag `unless`.
        """
        if int32(fd) < 0:
            raise fail(errno.EBADF)
        file = opened(task, fd)
        if not isinstance(file, Stream):
            return None
        if file.flags & os.O_ACCMODE == unless:
            raise fail(errno.EBADF)
        return file

    @syscall
    def read(self, task: Caller, fd: int, buffer: int, count: int) -> object:
        file = self.stream(task, fd, os.O_WRONLY)
        if file is None:
            return super().read(task, fd, buffer, count)
        return file.scatter(task, [(buffer, count)])

    @syscall
    def write(self, task: Caller, fd: int, buffer: int, count: int) -> object:
        file = self.stream(task, fd, os.O_RDONLY)
        if file is None:
            return super().write(task, fd, buffer, count)
        return file.gather(task, [(buffer, count)])

    @syscall
    def readv(self, task: Caller, fd: int, vector: int, count: int) -> object:
        file = self.stream(task, fd, os.O_WRONLY)
        if file is None:
            return super().readv(task, fd, vector, count)
        return file.scatter(task, pieces(task, vector, int32(count)))

    @syscall
    def writev(self, task: Caller, fd: int, vector: int, count: int) -> object:
        file = self.stream(task, fd, os.O_RDONLY)
        if file is None:
            return super().writev(task, fd, vector, count)
        return file.gather(task, pieces(task, vector, int32(count)))

    @syscall
    def ioctl(self, task: Caller, fd: int, request: int, arg: int) -> object:
        return super().ioctl(task, fd, request, arg)  # no file of this kernel has any

    @syscall
    def fcntl(self, task: Caller, fd: int, command: int, arg: int) -> object:
        """The placeholder has the flags, too, so that F_GETFL and all the rest are the host's."""
        if int32(command) == F_SETFL and (file := opened(task, fd)) is not None:
            file.flags = file.flags & ~SETTABLE | arg & SETTABLE
        return HOST

    # The host would copy from placeholders, in which there is nothing: programs fall back on read.

    @syscall
    def copy_file_range(self, task: Caller, source: int, _: int, target: int) -> object:
        return self.refuse(task, errno.EXDEV, source, target)

    @syscall
    def sendfile(self, task: Caller, target: int, source: int) -> object:
        return self.refuse(task, errno.EINVAL, source, target)

    @syscall
    def splice(self, task: Caller, source: int, _: int, target: int) -> object:
        return self.refuse(task, errno.EINVAL, source, target)

    @syscall
    def preadv(self, task: Caller, fd: int) -> object:
        return self.refuse(task, errno.EOPNOTSUPP, fd)

    @syscall
    def pwritev(self, task: Caller, fd: int) -> object:
        return self.refuse(task, errno.EOPNOTSUPP, fd)

    @syscall
    def preadv2(self, task: Caller, fd: int) -> object:
        return self.refuse(task, errno.EOPNOTSUPP, fd)

    @syscall
    def pwritev2(self, task: Caller, fd: int) -> object:
        return self.refuse(task, errno.EOPNOTSUPP, fd)

    @staticmethod
    def refuse(task: Caller, error: int, *fds: int) -> object:
        """Raise `error` for descriptors of this kernel's."""
        if any(isinstance(task.file(fd), Opened) for fd in fds):
            raise fail(error)
        return HOST

    # -- pipes ------------------------------------------------------------------------------------

    @syscall
    def pipe(self, task: Caller, fds: int) -> object:
        return self.pipe2(task, fds, 0)

    @syscall
    def pipe2(self, task: Caller, fds: int, flags: int) -> object:
        flags = int32(flags)
        if not self.own_pipes:
            return HOST
        if flags & ~(os.O_CLOEXEC | os.O_NONBLOCK):
            raise fail(errno.EINVAL)
        task.write(fds, bytes(8))  # EFAULT now, not when there are descriptors
        pipe = Pipe()
        who = task.credentials()
        pipe.uid, pipe.gid = who.uid, who.gid
        ends = [
            task.install(PipeEnd(pipe, flags | mode, pipe.path), flags)
            for mode in (os.O_RDONLY, os.O_WRONLY)
        ]
        task.write(fds, struct.pack("<ii", *ends))
        return 0

    # -- who and where ----------------------------------------------------------------------------

    @syscall
    def getpid(self, task: Caller) -> object:
        return task.numbers().pid

    @syscall
    def gettid(self, task: Caller) -> object:
        return task.numbers().tid

    @syscall
    def getppid(self, task: Caller) -> object:
        return task.parent()

    @syscall
    def getuid(self, task: Caller) -> object:
        return task.ids().uid(task.credentials(real=True).uid)

    @syscall
    def geteuid(self, task: Caller) -> object:
        return task.ids().uid(task.credentials().uid)

    @syscall
    def getgid(self, task: Caller) -> object:
        return task.ids().gid(task.credentials(real=True).gid)

    @syscall
    def getegid(self, task: Caller) -> object:
        return task.ids().gid(task.credentials().gid)

    @syscall
    def uname(self, task: Caller, buffer: int) -> object:
        fields = ("TinyKernel", platform.node(), platform.release(), "#1", "x86_64", "(none)")
        task.write(buffer, UTSNAME.pack(*(os.fsencode(field)[:64] for field in fields)))
        return 0

    # -- time -------------------------------------------------------------------------------------

    @syscall
    def clock_gettime(self, task: Caller, clock: int, buffer: int) -> object:
        if int32(clock) not in OWN_CLOCKS:
            return HOST
        now = time.clock_gettime_ns(int32(clock))
        task.write(buffer, TIMESPEC.pack(*divmod(now, NANO)))
        return 0

    @syscall
    def nanosleep(self, task: Caller, request: int, remain: int) -> object:
        return self.clock_nanosleep(task, time.CLOCK_MONOTONIC, 0, request, remain)

    @syscall
    def clock_nanosleep(
        self, task: Caller, clock: int, flags: int, request: int, remain: int
    ) -> object:
        clock = int32(clock)
        if clock not in OWN_CLOCKS:
            return HOST
        seconds, nano = TIMESPEC.unpack(task.read(request, TIMESPEC.size))
        if seconds < 0 or not 0 <= nano < NANO:
            raise fail(errno.EINVAL)
        now = time.clock_gettime_ns(clock)
        end = seconds * NANO + nano + (0 if flags & TIMER_ABSTIME else now)
        alarm = threading.Condition()
        try:
            with alarm:
                task.wait(alarm, lambda: time.clock_gettime_ns(clock) >= end,
                          min(max(end - now, 0) / NANO, threading.TIMEOUT_MAX))  # fmt: skip
        except InterruptedError as error:
            left = end - time.clock_gettime_ns(clock)
            if remain and not flags & TIMER_ABSTIME:
                task.write(remain, TIMESPEC.pack(*divmod(max(left, 0), NANO)))
            handled = error.errno == errno.EINTR
            raise OSError(errno.EINTR if handled else ERESTARTNOHAND, "a signal") from None
        return 0
