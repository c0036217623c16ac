"""tinykernel: a small POSIX in readable Python, for programs that never heard of it.

    pykcov guest --kernel examples/tinykernel.py -- sh -c 'echo hello > /tiny/f; cat /tiny/f'

Under /tiny guests see a file tree in this process's memory, elsewhere the host's. Pipes are this
kernel's wherever they are used, and so are clocks, sleep, identities and uname. dup, dup2, dup3,
close and exec are the host's: a guest's descriptor is one of the host's that stands for an open
file of this kernel, which is released when the last one is closed.

What it leaves out: links, device files, execve and mmap of files (ENODEV), chdir into the tree
(ENOTSUP; fchdir works), access times. poll, select and epoll take a pipe for a file: always ready.
With several threads a signal may interrupt a call that another thread's handler was meant for.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import platform
import posixpath
import signal
import stat
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pykcov.abi.stat import AT_FDCWD, AT_REMOVEDIR, NANO, Stat
from pykcov.abi.words import int32, int64
from pykcov.kernel import HOST, Caller, Directory, Kernel, Node, OpenFile, Place, syscall
from pykcov.kernel.caller import Credentials
from pykcov.kernel.calls.descriptors import opened, pieces
from pykcov.kernel.calls.opening import search
from pykcov.kernel.files import OpenDirectory, fail
from pykcov.kernel.kernel import Handler

MOUNT = "/tiny"
MOST_BYTES = 64 << 20  # of the whole tree; past it ENOSPC
INODE_BYTES = 1024  # what a file or directory counts for beside its content
MOST_AT_ONCE = 1 << 20  # bytes that one read or write moves
PATH_MAX = 4096
PIPE_BYTES, PIPE_BUF = 1 << 16, 4096  # a pipe's capacity; what is written to it in one piece

F_SETFL = 4
SETTABLE = os.O_APPEND | os.O_NONBLOCK  # of the flags that F_SETFL may set, those that count here
RENAME_NOREPLACE = 1
TIMER_ABSTIME = 1
ERESTARTNOHAND = 514  # include/linux/errno.h: EINTR when a handler has run, else once more
TIMESPEC = struct.Struct("<qq")
UTSNAME = struct.Struct("65s" * 6)
OWN_CLOCKS = {time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_TAI}


# -- the tree -------------------------------------------------------------------------------------


class Tree:
    """What all inodes share. `lock` guards names, contents and positions.

    Nothing is read from or written to a guest's memory under the lock: the guest decides how long
    that takes.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.used = 0
        self.root = Folder(self, 0o755)

    def charge(self, size: int) -> None:
        """Count `size` bytes more, or less. Raises ENOSPC."""
        if size > 0 and self.used + size > MOST_BYTES:
            raise fail(errno.ENOSPC)
        self.used += size


class Inode(Node):
    """A file or directory of the tree: it has one name, in `parent`, until it is removed; then
    `name` is the path that it had."""

    tree: Tree
    parent: Folder | None = None
    name = ""
    opens = 0  # open files of it

    @property
    def removed(self) -> bool:
        """Has it no name any more?"""
        return self.parent is None and self is not self.tree.root

    @property
    def path(self) -> str:
        """Its absolute path; behind what has been removed Linux writes this, too."""
        names: list[str] = []
        node: Inode = self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        start = MOUNT if node is self.tree.root else f"{node.name} (deleted)"
        return "/".join([start, *reversed(names)])

    @property
    def links(self) -> int:
        """st_nlink."""
        return 0 if self.removed else 1

    def stat(self) -> Stat:
        return dataclasses.replace(super().stat(), nlink=self.links)

    def touch(self) -> None:
        """Its content is another one now."""
        self.mtime = self.ctime = time.time_ns()

    def opened(self, flags: int) -> None:
        """There is one more open file of it. The lock is held."""
        self.opens += 1

    def closed(self, flags: int) -> None:
        """There is one less."""
        with self.tree.lock:
            self.opens -= 1
            self.free()

    def free(self) -> None:
        """Give the space back if no name and no open file is left. The lock is held."""
        if self.removed and not self.opens:
            self.tree.charge(-INODE_BYTES - self.size)
            self.clear()

    def clear(self) -> None:
        """Forget the content."""


class Folder(Inode, Directory):
    """A directory."""

    def __init__(self, tree: Tree, mode: int) -> None:
        super().__init__({}, mode)
        self.tree = tree

    @property
    def links(self) -> int:
        below = sum(isinstance(node, Folder) for node in self.entries.values())
        return 0 if self.removed else 2 + below

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        return OpenFolder(self, flags, path)

    def put(self, name: str, node: Inode) -> None:
        """Give `node` this name here; what had it, has none any more."""
        before = self.entries.get(name)
        if isinstance(before, Inode):
            self.take(name)
            before.free()
        self.entries[name] = node
        node.parent, node.name = self, name
        node.ctime = time.time_ns()
        self.touch()

    def take(self, name: str) -> Inode:
        """Remove a name; return what had it."""
        node = self.entries.pop(name)
        assert isinstance(node, Inode)
        node.name, node.parent = node.path, None
        node.ctime = time.time_ns()
        self.touch()
        return node


class Regular(Inode):
    """A regular file."""

    def __init__(self, tree: Tree, mode: int) -> None:
        super().__init__(mode)
        self.tree = tree
        self.content = bytearray()

    @property
    def size(self) -> int:
        return len(self.content)

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        return OpenRegular(self, flags, path)

    def resize(self, size: int) -> None:
        """Cut it, or extend it with zeros. Raises ENOSPC. The lock is held."""
        self.tree.charge(size - self.size)
        if size < self.size:
            del self.content[size:]
        else:
            self.content.extend(bytes(size - self.size))

    def truncate(self, size: int) -> int:
        """As truncate(2), permissions and `size` having been checked."""
        with self.tree.lock:
            self.resize(size)
            self.touch()
        return 0

    def clear(self) -> None:
        self.content.clear()


# -- open files -----------------------------------------------------------------------------------


class OpenInode(OpenFile):
    """An open file of a tree's or a pipe's node, which counts them."""

    node: Inode | Pipe

    def __init__(self, node: Inode | Pipe, flags: int, path: str) -> None:
        super().__init__(node, flags, path)
        node.opened(flags)

    def placeholder(self) -> int:
        try:
            return super().placeholder()
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        self.node.closed(self.flags)

    @property
    def path(self) -> str:
        """Where it is now: names change while files are open."""
        return self.node.path

    @path.setter
    def path(self, path: str) -> None:
        """Nothing to remember."""


class OpenFolder(OpenInode, OpenDirectory):
    """A directory's. It lists what was there when the listing began."""

    node: Folder

    def __init__(self, node: Folder, flags: int, path: str) -> None:
        super().__init__(node, flags, path)
        self.listing: list[tuple[str, Node]] = []

    def entries(self) -> list[tuple[str, Node]]:
        with self.node.tree.lock:
            if self.node.removed:
                raise fail(errno.ENOENT)
            if self.position == 0:
                dots = [(".", self.node), ("..", self.node.parent or self.node)]
                self.listing = [*dots, *self.node.entries.items()]
        return self.listing


class Stream(OpenInode):
    """An open file that bytes go into and come out of: take() and put() are all there is to it.

    at: where, for the calls that say so; else it is the open file's position.
    """

    def take(self, task: Caller, size: int, at: int | None = None) -> bytes:
        """Return at most `size` bytes; none at the end."""
        raise NotImplementedError

    def put(self, task: Caller, data: bytes, at: int | None = None) -> int:
        """Write; return how many bytes."""
        raise NotImplementedError

    def scatter(self, task: Caller, parts: list[tuple[int, int]], at: int | None = None) -> int:
        """Read into pieces of the guest's memory, address and size each."""
        data = self.take(task, min(total(parts), MOST_AT_ONCE), at)
        done = 0
        for address, size in parts:
            task.write(address, data[done : done + size])
            done += size
        return len(data)

    def gather(self, task: Caller, parts: list[tuple[int, int]], at: int | None = None) -> int:
        """Write from pieces of the guest's memory."""
        room = min(total(parts), MOST_AT_ONCE)
        data = b""
        for address, size in parts:
            data += task.read(address, min(size, room - len(data)))
        return self.put(task, data, at)


def total(parts: list[tuple[int, int]]) -> int:
    """Bytes in all pieces. Raises EINVAL for more than a call can return."""
    size = sum(size for _, size in parts)
    if size >= 1 << 63:
        raise fail(errno.EINVAL)
    return size


class OpenRegular(Stream):
    """A regular file's."""

    node: Regular

    def take(self, task: Caller, size: int, at: int | None = None) -> bytes:
        with self.node.tree.lock:
            start = self.position if at is None else at
            data = bytes(self.node.content[start : start + size])
            if at is None:
                self.position += len(data)
        return data

    def put(self, task: Caller, data: bytes, at: int | None = None) -> int:
        if not data:
            return 0
        node = self.node
        with node.tree.lock:
            start = self.position if at is None else at
            if self.flags & os.O_APPEND:
                start = node.size
            node.resize(max(node.size, start + len(data)))
            node.content[start : start + len(data)] = data
            node.touch()
            if at is None:
                self.position = start + len(data)
        return len(data)

    def pread(self, task: Caller, address: int, count: int, offset: int) -> object:
        return self.scatter(task, [(address, count)], offset)

    def pwrite(self, task: Caller, address: int, count: int, offset: int) -> object:
        return self.gather(task, [(address, count)], offset)

    def lseek(self, task: Caller, offset: int, whence: int) -> object:
        with self.node.tree.lock:
            start = {os.SEEK_SET: 0, os.SEEK_CUR: self.position, os.SEEK_END: self.node.size}
            new = offset + start.get(whence, -(1 << 63))
            if not 0 <= new < 1 << 63:
                raise fail(errno.EINVAL)
            self.position = new
        return new

    def truncate(self, task: Caller, length: int) -> object:
        return self.node.truncate(length)


# -- pipes ----------------------------------------------------------------------------------------


class Pipe(Node):
    """Bytes on their way from writers to readers. `changed` guards them."""

    kind = stat.S_IFIFO

    def __init__(self) -> None:
        super().__init__(0o600)
        self.changed = threading.Condition()
        self.data = bytearray()
        self.readers = self.writers = 0

    @property
    def path(self) -> str:
        """As /proc/PID/fd/N tells it."""
        return f"pipe:[{self.ino}]"

    def open(self, task: Caller, flags: int, path: str) -> OpenFile:
        return PipeEnd(self, flags, path)

    def opened(self, flags: int) -> None:
        self.count(flags, +1)

    def closed(self, flags: int) -> None:
        self.count(flags, -1)

    def count(self, flags: int, by: int) -> None:
        """`by` more open files; the last writer's end is the readers' end of file."""
        mode = flags & os.O_ACCMODE
        with self.changed:
            self.readers += by if mode != os.O_WRONLY else 0
            self.writers += by if mode != os.O_RDONLY else 0
            self.changed.notify_all()


class PipeEnd(Stream):
    """One end of a pipe, or both."""

    node: Pipe

    def take(self, task: Caller, size: int, at: int | None = None) -> bytes:
        task.settle()
        pipe = self.node
        with pipe.changed:
            self.wait(task, lambda: bool(pipe.data) or not pipe.writers or not size)
            data = bytes(pipe.data[:size])
            del pipe.data[:size]
            pipe.changed.notify_all()
        return data

    def put(self, task: Caller, data: bytes, at: int | None = None) -> int:
        task.settle()
        pipe = self.node
        least = len(data) if len(data) <= PIPE_BUF else 1
        done = 0
        with pipe.changed:
            while done < len(data):
                try:
                    self.wait(
                        task, lambda: not pipe.readers or len(pipe.data) + least <= PIPE_BYTES
                    )
                except OSError:
                    if not done:
                        raise
                    break
                if not pipe.readers:
                    if done:
                        break
                    self.break_pipe(task)
                part = data[done : done + PIPE_BYTES - len(pipe.data)]
                pipe.data += part
                done += len(part)
                pipe.changed.notify_all()
        return done

    def wait(self, task: Caller, ready: Callable[[], bool]) -> None:
        """Wait until ready(), or raise EAGAIN where waiting is not wanted."""
        if not ready() and self.flags & os.O_NONBLOCK:
            raise fail(errno.EAGAIN)
        task.wait(self.node.changed, ready)

    @staticmethod
    def break_pipe(task: Caller) -> None:
        """Nobody will read it: SIGPIPE, to the process where Linux's goes to the thread."""
        with contextlib.suppress(PermissionError):
            os.kill(task.pid, signal.SIGPIPE)
        raise fail(errno.EPIPE)


# -- the kernel -----------------------------------------------------------------------------------


class TinyKernel(Kernel):
    """The system calls. Where neither the tree nor a pipe is meant, they are Kernel's, which also
    has the calls without "at": those with it, from the current directory."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = Tree()
        self.files[MOUNT] = self.tree.root

    def handlers(self, strict: bool = False) -> dict[int, Handler]:
        """Trap read, write, lseek and their kin for whoever has files of this kernel's."""
        return super().handlers(strict=True)

    # -- names to inodes --------------------------------------------------------------------------

    def owns(self, place: Place) -> bool:
        """Is it in the tree, or an open file of this kernel's?"""
        if place.file is not None:
            return isinstance(place.file, OpenInode)
        return place.chain is not None and place.chain[0] is self.tree.root

    def find(self, who: Credentials, place: Place) -> tuple[Folder | None, str, Inode | None]:
        """Return directory, name and what is there. The lock is held: what lookup() saw may be
        another's by now. The root is in no directory.

        Raises ENOENT and EACCES for the way there.
        """
        chain = self.files.find(place.path) or [None, None]
        for folder in chain[:-1]:
            if folder is None:
                raise fail(errno.ENOENT)
            if not who.may(folder, os.X_OK):
                raise fail(errno.EACCES)
        above, node = chain[-2] if len(chain) > 1 else None, chain[-1]
        assert above is None or isinstance(above, Folder)
        assert node is None or isinstance(node, Inode)
        return above, posixpath.basename(place.path), node

    def make(self, who: Credentials, folder: Folder | None, name: str, node: Inode) -> Inode:
        """Put a new inode into a directory. The lock is held."""
        assert folder is not None
        self.check_change(who, folder)
        if len(folder.path) + len(name) + 2 > PATH_MAX:
            raise fail(errno.ENAMETOOLONG)
        self.tree.charge(INODE_BYTES)
        node.uid, node.gid = who.uid, who.gid
        folder.put(name, node)
        return node

    @staticmethod
    def check_change(who: Credentials, folder: Folder, node: Inode | None = None) -> None:
        """Raise EACCES unless names of a directory may be changed, EPERM for another's `node` in
        one with the sticky bit."""
        if not who.may(folder, os.W_OK | os.X_OK):
            raise fail(errno.EACCES)
        sticky = folder.mode & stat.S_ISVTX and who.uid not in (0, folder.uid)
        if node is not None and sticky and who.uid != node.uid:
            raise fail(errno.EPERM)

    # -- open -------------------------------------------------------------------------------------

    @syscall
    def openat(self, task: Caller, dirfd: int, path: int, flags: int, mode: int) -> object:
        flags = int32(flags)
        place = task.lookup(dirfd, path, follow=not flags & os.O_NOFOLLOW)
        if place.is_host:
            return HOST
        if not self.owns(place) or flags & os.O_PATH:
            return super().openat(task, dirfd, path, flags, mode)
        if flags & os.O_CREAT and flags & os.O_DIRECTORY:
            raise fail(errno.EINVAL)
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise fail(errno.EOPNOTSUPP)
        who, umask = task.credentials(), task.umask()
        with self.tree.lock:
            node = self.find_or_make(who, place, flags, mode & 0o7777 & ~umask)
            self.check_open(who, node, flags)
            if flags & os.O_TRUNC and isinstance(node, Regular):
                node.resize(0)
                node.touch()
            file = node.open(task, flags, place.path)
        return task.install(file, flags)

    def find_or_make(self, who: Credentials, place: Place, flags: int, mode: int) -> Node:
        """Return what is to be opened. The lock is held."""
        if place.file is not None and flags & os.O_CREAT and flags & os.O_EXCL:
            raise fail(errno.EEXIST)
        if place.file is not None:
            return place.file.node
        folder, name, node = self.find(who, place)
        if flags & os.O_CREAT and place.last.endswith("/"):
            raise fail(errno.EISDIR)
        if node is None:
            if not flags & os.O_CREAT:
                raise fail(errno.ENOENT)
            return self.make(who, folder, name, Regular(self.tree, mode))
        if flags & os.O_CREAT and flags & os.O_EXCL:
            raise fail(errno.EEXIST)
        if place.last.endswith("/") and not isinstance(node, Folder):
            raise fail(errno.ENOTDIR)
        return node

    @staticmethod
    def check_open(who: Credentials, node: Node, flags: int) -> None:
        """Raise OSError unless it may be opened so."""
        writes = flags & os.O_ACCMODE != os.O_RDONLY or flags & os.O_TRUNC
        if isinstance(node, Folder):
            if writes or flags & os.O_CREAT:
                raise fail(errno.EISDIR)
        elif flags & os.O_DIRECTORY:
            raise fail(errno.ENOTDIR)
        want = os.W_OK if writes else 0
        if flags & os.O_ACCMODE != os.O_WRONLY:
            want |= os.R_OK
        if not who.may(node, want):
            raise fail(errno.EACCES)

    # -- names ------------------------------------------------------------------------------------

    @syscall
    def mkdirat(self, task: Caller, dirfd: int, path: int, mode: int) -> object:
        place = task.lookup(dirfd, path, follow=False)
        if not self.owns(place):
            return super().mkdirat(task, dirfd, path, mode)
        who, umask = task.credentials(), task.umask()
        with self.tree.lock:
            folder, name, node = self.find(who, place)
            if node is not None:
                raise fail(errno.EEXIST)
            self.make(who, folder, name, Folder(self.tree, mode & 0o1777 & ~umask))
        return 0

    @syscall
    def unlinkat(self, task: Caller, dirfd: int, path: int, flags: int) -> object:
        place = task.lookup(dirfd, path, follow=False)
        if not self.owns(place):
            return super().unlinkat(task, dirfd, path, flags)
        if flags & 0xFFFFFFFF & ~AT_REMOVEDIR:
            raise fail(errno.EINVAL)
        who, last = task.credentials(), place.last.rstrip("/")
        with self.tree.lock:
            folder, name, node = self.find(who, place)
            if flags and last == ".":
                raise fail(errno.EINVAL)
            if flags and last == "..":
                raise fail(errno.ENOTEMPTY)
            if node is None:
                raise fail(errno.ENOENT)
            if not flags and place.last.endswith("/") and not isinstance(node, Folder):
                raise fail(errno.ENOTDIR)
            if folder is None:
                raise fail(errno.EBUSY if flags else errno.EISDIR)
            self.check_change(who, folder, node)
            if flags:
                check_replaced(node, folder=True)
            elif isinstance(node, Folder):
                raise fail(errno.EISDIR)
            folder.take(name).free()
        return 0

    @syscall
    def renameat2(
        self, task: Caller, olddir: int, old: int, newdir: int, new: int, flags: int
    ) -> object:
        who = task.credentials()
        source = task.lookup(olddir, old, follow=False)
        if self.owns(source):
            with self.tree.lock:
                self.find(who, source)  # what is wrong with the way there comes first
        target = task.lookup(newdir, new, follow=False)
        if not self.owns(source) and not self.owns(target):
            return super().renameat2(task, olddir, old, newdir, new, flags)
        flags &= 0xFFFFFFFF
        if flags not in (0, RENAME_NOREPLACE):
            raise fail(errno.EINVAL)
        if self.owns(source) != self.owns(target):
            raise fail(errno.EXDEV)
        with self.tree.lock:
            self.move(who, source, target, flags)
        return 0

    def move(self, who: Credentials, source: Place, target: Place, flags: int) -> None:
        """Rename, in the order in which Linux checks. The lock is held."""
        above, name, node = self.find(who, source)
        folder, new_name, replaced = self.find(who, target)
        if above is None or source.last.rstrip("/") in (".", ".."):
            raise fail(errno.EBUSY)
        if folder is None or target.last.rstrip("/") in (".", ".."):
            raise fail(errno.EEXIST if flags == RENAME_NOREPLACE else errno.EBUSY)
        if node is None:
            raise fail(errno.ENOENT)
        if replaced is not None and flags == RENAME_NOREPLACE:
            raise fail(errno.EEXIST)
        if not isinstance(node, Folder) and "/" in source.last + target.last:
            raise fail(errno.ENOTDIR)
        if is_below(folder, node):
            raise fail(errno.EINVAL)
        if replaced is not None and is_below(above, replaced):
            raise fail(errno.ENOTEMPTY)
        if node is replaced:
            return
        self.check_change(who, above, node)
        self.check_change(who, folder, replaced)
        if replaced is not None:
            check_replaced(replaced, isinstance(node, Folder))
        above.take(name)
        folder.put(new_name, node)

    @syscall
    def truncate(self, task: Caller, path: int, length: int) -> object:
        if int64(length) < 0:
            raise fail(errno.EINVAL)
        place = task.lookup(AT_FDCWD, path)
        if not self.owns(place):
            return super().truncate(task, path, length)
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
        if any(isinstance(task.file(fd), OpenInode) for fd in fds):
            raise fail(error)
        return HOST

    # -- pipes ------------------------------------------------------------------------------------

    @syscall
    def pipe(self, task: Caller, fds: int) -> object:
        return self.pipe2(task, fds, 0)

    @syscall
    def pipe2(self, task: Caller, fds: int, flags: int) -> object:
        flags = int32(flags)
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
        return task.pid

    @syscall
    def gettid(self, task: Caller) -> object:
        return task.tid

    @syscall
    def getppid(self, task: Caller) -> object:
        line = Path(f"/proc/{task.pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(line.rpartition(")")[2].split()[1])

    @syscall
    def getuid(self, task: Caller) -> object:
        return task.credentials(real=True).uid

    @syscall
    def geteuid(self, task: Caller) -> object:
        return task.credentials().uid

    @syscall
    def getgid(self, task: Caller) -> object:
        return task.credentials(real=True).gid

    @syscall
    def getegid(self, task: Caller) -> object:
        return task.credentials().gid

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


def check_replaced(node: Inode, folder: bool) -> None:
    """Raise OSError unless a directory (folder), or something else, may go in its place."""
    if folder and not isinstance(node, Folder):
        raise fail(errno.ENOTDIR)
    if isinstance(node, Folder):
        if not folder:
            raise fail(errno.EISDIR)
        if node.entries:
            raise fail(errno.ENOTEMPTY)


def is_below(folder: Folder, node: Inode) -> bool:
    """Is it, or a directory above it, `node`?"""
    above: Folder | None = folder
    while above is not None and above is not node:
        above = above.parent
    return above is not None
