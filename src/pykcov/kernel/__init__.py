"""Kernels: tasks, and what answers the system calls of guests."""

from pykcov.kernel.caller import Caller, Place
from pykcov.kernel.files import Directory, File, Node, OpenFile
from pykcov.kernel.host import HOST
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
