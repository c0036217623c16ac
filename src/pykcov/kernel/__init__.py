"""Kernels: tasks, and what answers the system calls of guests.

The public names are imported when they are first asked for: most who import pykcov have no guests.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pykcov.kernel.files import Directory, File
    from pykcov.kernel.interface import HOST, Caller, Node, OpenFile, Place
    from pykcov.kernel.kernel import Kernel, syscall

__all__ = [
    "HOST",
    "Caller",
    "Directory",
    "File",
    "Kernel",
    "Node",
    "OpenFile",
    "Place",
    "syscall",
]

_MODULES = ("kernel", "interface", "credentials", "files")


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = vars(import_module(f"{__name__}.{module}"))
            if name in found:
                return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
