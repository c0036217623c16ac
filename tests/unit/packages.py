"""Packages made for a test, imported from a folder of its own, and gone after it."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FunctionType, ModuleType

from pykcov.probe import origin

TEXT = """
def f(a):
    if a:
        return 1
    return 2
"""

_number = count()


class Package:
    """A package of a name of its own in `folder`, which is on sys.path."""

    def __init__(self, folder: Path) -> None:
        self.name = f"made_{next(_number)}"
        self.folder = folder / self.name
        self.folder.mkdir(parents=True)
        self.write("__init__", "")

    def write(self, name: str, text: str) -> Path:
        """Write a module; its time of change is never that of the one before."""
        path = self.folder / f"{name}.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        importlib.invalidate_caches()
        return path

    def load(self, name: str = "") -> ModuleType:
        """Import a module of it."""
        return importlib.import_module(f"{self.name}.{name}" if name else self.name)

    def forget(self) -> None:
        """Take its modules out of sys.modules."""
        for name in [n for n in sys.modules if n == self.name or n.startswith(self.name + ".")]:
            del sys.modules[name]


@contextmanager
def packages(folder: Path) -> Iterator[Package]:
    """A package that can be imported."""
    made = Package(folder)
    sys.path.insert(0, str(folder))
    try:
        yield made
    finally:
        sys.path.remove(str(folder))
        made.forget()


def has_probes(function: object) -> bool:
    """Does a function's code have probes?"""
    assert isinstance(function, FunctionType)
    return origin(function.__code__) is not None
