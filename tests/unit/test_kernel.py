"""Kernels: the decorator, the table, files."""

from __future__ import annotations

import errno
import os

import pytest

from pykcov.abi.syscalls import NUMBER
from pykcov.kernel import HOST, Caller, Directory, File, Kernel, syscall
from pykcov.kernel.credentials import Credentials
from pykcov.kernel.files import Files
from pykcov.kernel.syscall_table import TABLE, Trap

pytestmark = pytest.mark.once


def test_every_row_has_a_method_and_every_method_a_row() -> None:
    names = {row.name for row in TABLE}
    methods = {name for name in dir(Kernel) if name in NUMBER and callable(getattr(Kernel, name))}
    assert methods == names
    assert len(names) == len(TABLE)


def test_methods_take_no_more_arguments_than_there_are() -> None:
    for handler in Kernel().handlers(strict=True).values():
        assert handler.arguments <= 6


class Base(Kernel):
    @syscall
    def getpid(self, task: Caller) -> int:
        return 1

    @syscall("getuid")
    def who(self, task: Caller) -> int:
        return 2

    @syscall
    def ioctl(self, task: Caller, fd: int, request: int, arg: int) -> object:
        return HOST


class Derived(Base):
    @syscall
    def getpid(self, task: Caller) -> int:
        return 3


def test_a_kernel_adds_and_replaces_calls() -> None:
    handlers = Derived().handlers()
    task: Caller = object()  # type: ignore[assignment]
    assert handlers[NUMBER["getpid"]].method(task) == 3
    assert handlers[NUMBER["getuid"]].method(task) == 2
    assert handlers[NUMBER["ioctl"]].trap is Trap.ALWAYS
    assert handlers[NUMBER["ioctl"]].arguments == 3
    assert NUMBER["getpid"] not in Kernel().handlers()
    assert NUMBER["lseek"] not in Kernel().handlers()
    assert NUMBER["lseek"] in Kernel().handlers(strict=True)


def test_what_is_no_system_call() -> None:
    with pytest.raises(ValueError, match="no system call 'no_such_call'"):

        @syscall
        def no_such_call(self: object, task: Caller) -> int:
            return 0

    with pytest.raises(ValueError, match="at most six arguments"):

        @syscall("getpid")
        def seven(self: object, task: Caller, a: int, b: int, c: int, d: int, e: int, f: int,
                  g: int) -> int:  # fmt: skip
            return 0

    with pytest.raises(ValueError, match="takes the task"):

        @syscall("getpid")
        def none(self: object) -> int:
            return 0


@pytest.mark.parametrize("path", ["relative", "/", "/a/", "/a//b", "/a/./b", ""])
def test_a_mount_has_a_normal_path(path: str) -> None:
    with pytest.raises(ValueError, match="absolute and normal"):
        Files()[path] = File()


def test_a_mount_covers_what_is_below_it() -> None:
    files = Files()
    inner = File(b"x")
    files["/m"] = outer = Directory({"d": (folder := Directory({"f": inner}))})
    assert files.find("/m") == [outer]
    assert files.find("/m/d/f") == [outer, folder, inner]
    assert files.find("/m/none") == [outer, None]
    assert files.find("/mm") is None
    assert files.find("/") is None
    with pytest.raises(NotADirectoryError):
        files.find("/m/d/f/g")
    assert list(files) == ["/m"]
    del files["/m"]
    assert files.find("/m") is None


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (Credentials(0, 0, frozenset()), os.R_OK | os.W_OK),
        (Credentials(5, 9, frozenset()), os.R_OK | os.W_OK),
        (Credentials(6, 7, frozenset()), os.R_OK),
        (Credentials(6, 9, frozenset({7})), os.R_OK),
        (Credentials(6, 9, frozenset()), 0),
    ],
)
def test_permissions(who: Credentials, allowed: int) -> None:
    file = File(mode=0o640)
    file.uid, file.gid = 5, 7
    for want in range(8):
        assert who.may(file, want) == (want & ~allowed == 0), want


def test_root_executes_only_what_somebody_may() -> None:
    root = Credentials(0, 0, frozenset())
    assert not root.may(File(mode=0o600), os.X_OK)
    assert root.may(File(mode=0o601), os.X_OK)
    assert root.may(Directory({}, 0o000), os.X_OK)


def test_a_file_is_read_only() -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011
        File().open(None, os.O_RDWR, "/f")  # type: ignore[arg-type]
    assert caught.value.errno == errno.EACCES
