"""Modules that are made up, with as many blocks as wanted."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

BLOCKS = 12  # of a function, one more on some versions
FUNCTIONS = 1000  # of a module, at most


def write(folder: Path, name: str, functions: int) -> None:
    """Write a module of functions f0, f1, ... of BLOCKS blocks each."""
    body = "".join(f"    if x > {n}:\n        y += {n}\n" for n in range((BLOCKS - 4) // 2))
    texts = (
        f"def f{n}(x):\n    y = {n}\n{body}    return y if x else {n}\n\n\n"
        for n in range(functions)
    )
    folder.joinpath(f"{name}.py").write_text("".join(texts), encoding="utf-8")


def load(folder: Path, name: str) -> ModuleType:
    """Import a module of a folder."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    return importlib.import_module(name)
