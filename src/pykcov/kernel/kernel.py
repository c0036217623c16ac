"""Kernel answers the system calls of guests. Subclass it to define your own."""

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
    """Mark a method of a Kernel as the handler of a system call: `name`, or its own name.

    The method receives the task and as many raw arguments as it has parameters (see
    pykcov.kernel.Caller). It returns an int, or HOST to let the host run the call, or raises
    OSError, whose errno becomes the result.

    Raises ValueError if there is no such system call, or the method has too many parameters.
    """
    if callable(name):
        return syscall(name.__name__)(name)

    def mark(method: M) -> M:
        if name not in NUMBER:
            raise ValueError(f"Linux has no system call {name!r} on x86-64")
        if not 1 <= _arity(method) - 1 <= _MOST_ARGUMENTS + 1:
            raise ValueError(f"{name}: a handler takes the task and at most six arguments")
        setattr(method, _MARK, name)
        return method

    return mark


def _arity(method: Callable[..., Any]) -> int:
    return len(inspect.signature(method).parameters)


@dataclass(frozen=True)
class SyscallHandler:
    """The handler of one system call: a bound method, and the number of arguments it takes."""

    name: str
    method: Callable[..., object]
    arguments: int
    trap: Trap


class Kernel(Opening, Attributes, Xattrs, Names, Descriptors):
    """Shows `files` to its guests, and leaves everything else to the host.

    In a subclass, methods marked with @syscall handle system calls, and override the handlers here,
    which they can call with super(). The guest's threads are served concurrently by several threads
    of this process, so a method that changes shared state needs a lock.
    """

    #: Do tasks in a chroot find `files` at their paths, too? On Linux, where they would be mounts,
    #: such tasks see only what is below their root.
    in_chroots = False

    def __init__(self) -> None:
        self.files = Files()

    def handlers(self, strict: bool = False) -> dict[int, SyscallHandler]:
        """Return the handler of each trapped system call, by number.

        strict: include calls such as read() that only matter for files that the kernel shows.
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

    # -- trapped so that the supervisor sees them; the host runs them -----------------------------

    def exit(self, task: Caller) -> object:
        return HOST

    def exit_group(self, task: Caller) -> object:
        return HOST
