"""Instrument modules as they are imported.

The two loaders that execute source, importlib.machinery.SourceFileLoader and zipimport.zipimporter,
get another exec_module. So `__loader__`, `__spec__`, sys.meta_path and the cached .pyc files stay
what they were, and modules that are loaded by hand (spec_from_file_location) are seen, too. The new
method is C: a traceback out of a module's body shows no frame of ours.
"""

from __future__ import annotations

import importlib._bootstrap as _bootstrap
import sys
import zipimport
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from pykcov.probe import hook_exec_module, quiet

LOADERS: tuple[Any, ...] = (SourceFileLoader, zipimport.zipimporter)

# Gives the code to execute instead of the loader's, or None to leave it.
Rewriter = Callable[[Any, ModuleType, CodeType], CodeType | None]

_rewriters: list[Rewriter] = []


def _code_of(loader: Any, module: ModuleType) -> CodeType:
    """What importlib does before it executes a module, and then the rewriters."""
    code: CodeType | None
    try:
        code = loader.get_code(module.__name__)
        if code is None:
            name = module.__name__
            raise ImportError(f"cannot load module {name!r} when get_code() returns None")
    except BaseException as error:
        # Without this frame: the interpreter cuts importlib's off where they stand in one piece.
        # A bare `raise` does not add it again.
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        raise
    with quiet:
        for rewriter in _rewriters:
            if (new := rewriter(loader, module, code)) is not None:
                return new
    return code


# The interpreter cuts importlib's frames off a traceback up to this function's.
_run = vars(_bootstrap)["_call_with_frames_removed"]
_hook = hook_exec_module(_code_of, _run, exec)


def add(rewriter: Rewriter) -> None:
    """Ask `rewriter` at each import from now on."""
    if not _rewriters:
        for loader in LOADERS:
            loader.exec_module = _hook
    _rewriters.append(rewriter)


def remove(rewriter: Rewriter) -> None:
    """Ask it no more."""
    _rewriters.remove(rewriter)
    if not _rewriters:
        for loader in LOADERS:
            if vars(loader).get("exec_module") is _hook:
                del loader.exec_module


def optimize_level() -> int:
    """The level that imported code is compiled at."""
    return sys.flags.optimize
