"""Kernels: they answer the system calls of guests (docs/guests.md).

Public names are imported on first use, because most programs that use pykcov have no guests.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pykcov.errors import fail
    from pykcov.kernel.calls.descriptors import opened, pieces
    from pykcov.kernel.calls.opening import search
    from pykcov.kernel.credentials import Credentials
    from pykcov.kernel.files import Directory, File, Files, OpenDirectory
    from pykcov.kernel.interface import HOST, Caller, Node, OpenFile, Place
    from pykcov.kernel.kernel import Kernel, SyscallHandler, syscall

__all__ = [
    "HOST",
    "Caller",
    "Credentials",
    "Directory",
    "File",
    "Files",
    "Kernel",
    "Node",
    "OpenDirectory",
    "OpenFile",
    "Place",
    "SyscallHandler",
    "fail",
    "opened",
    "pieces",
    "search",
    "syscall",
]

_MODULES = (
    *(f"{__name__}.{name}" for name in ("kernel", "interface", "files", "credentials")),
    *(f"{__name__}.calls.{name}" for name in ("descriptors", "opening")),
    "pykcov.errors",
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = vars(import_module(module))
            if name in found:
                return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
