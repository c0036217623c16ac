"""Kernel: what answers the system calls of guests. Make a class of it to have calls of your own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from pykcov.abi.syscalls import NUMBER
from pykcov.kernel.calls.attributes import Attributes
from pykcov.kernel.calls.descriptors import Descriptors
from pykcov.kernel.calls.names import Names
from pykcov.kernel.calls.opening import Opening
from pykcov.kernel.calls.xattrs import Xattrs
from pykcov.kernel.files import Files
from pykcov.kernel.interface import HOST, Caller
from pykcov.kernel.syscall_table import TABLE, Trap

_MARK = "_pykcov_syscall"
_MOST_ARGUMENTS = 6

M = TypeVar("M", bound=Callable[..., Any])


@overload
def syscall(name: M, /) -> M: ...
@overload
def syscall(name: str, /) -> Callable[[M], M]: ...
def syscall(name: Any, /) -> Any:
    """Mark a method of a Kernel as a system call: the one of its own name, or of `name`.

    The method gets the task and as many raw arguments as it has parameters (see
    pykcov.kernel.Caller), and returns an int, or HOST to have the host do the call, or raises
    OSError, whose errno is the answer.

    Raises ValueError when there is no such system call, or the method has too many parameters.
    """
    if callable(name):
        return syscall(name.__name__)(name)

    def mark(method: M) -> M:
        if name not in NUMBER:
            raise ValueError(f"Linux has no system call {name!r} on x86-64")
        if not 1 <= _arity(method) - 1 <= _MOST_ARGUMENTS + 1:
            raise ValueError(f"{name}: a system call has a task and at most six arguments")
        setattr(method, _MARK, name)
        return method

    return mark


def _arity(method: Callable[..., Any]) -> int:
    return len(inspect.signature(method).parameters)


@dataclass(frozen=True)
class SyscallHandler:
    """What answers one system call: a bound method, and how many arguments it takes."""

    name: str
    method: Callable[..., object]
    arguments: int
    trap: Trap


class Kernel(Opening, Attributes, Xattrs, Names, Descriptors):
    """Shows `files` to its guests; all else is the host's.

    In a class made of it, methods marked with @syscall are system calls, and go before those that
    are here already: call those with super(). Threads of guests are served concurrently, by
    several threads of this process: a method that changes what others see needs a lock.
    """

    #: Are `files` found at their paths by tasks in a chroot, too? On Linux, whose mounts they stand
    #: for, those see what is below their root.
    in_chroots = False

    def __init__(self) -> None:
        self.files = Files()

    def handlers(self, strict: bool = False) -> dict[int, SyscallHandler]:
        """Return what answers each system call that is trapped, by number.

        strict: with those that are trapped only for the sake of files that the kernel shows.
        """
        found: dict[int, SyscallHandler] = {}
        for row in TABLE:
            if row.trap is not Trap.STRICT or strict:
                self._add(found, row.name, getattr(self, row.name), row.trap)
        for kind in reversed(type(self).__mro__):
            for attribute, value in vars(kind).items():
                name = getattr(value, _MARK, None)
                if name is not None:
                    self._add(found, name, getattr(self, attribute), Trap.ALWAYS)
        return found

    @staticmethod
    def _add(
        found: dict[int, SyscallHandler], name: str, method: Callable[..., object], trap: Trap
    ) -> None:
        found[NUMBER[name]] = SyscallHandler(name, method, _arity(method) - 1, trap)

    # -- watched: the supervisor has seen them, the host does them --------------------------------

    def exit(self, task: Caller) -> object:
        return HOST

    def exit_group(self, task: Caller) -> object:
        return HOST
