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
from typing import Any, NamedTuple

from pykcov import forks
from pykcov.instrumentation import stamps
from pykcov.probe import hook_exec_module, quiet

LOADERS: tuple[Any, ...] = (SourceFileLoader, zipimport.zipimporter)


class Hooks(NamedTuple):
    """What is asked at each import."""

    # (module name, file): is it to be instrumented? Asked of what has a stamp only (stamps.py).
    selects: Callable[[str, str], bool]
    # (file, its stamp): the code to execute, from the cache; None if it is not there.
    cached: Callable[[str, bytes], CodeType | None]
    # (loader, module name, the loader's code, the stamp from before it was loaded, None if there is
    # none): the code to execute instead, or None to leave it.
    imported: Callable[[Any, str, CodeType, bytes | None], CodeType | None]


_hooks: list[Hooks] = []
# By name: what is called with a module before its code is executed.
prepare: dict[str, Callable[[ModuleType], None]] = {}


def _code_of(loader: Any, module: ModuleType) -> CodeType:
    """What importlib does before it executes a module, between two questions to the hooks."""
    code: CodeType | None
    try:
        name = module.__name__
        with quiet:
            forks.notice()
            if name in prepare:
                prepare[name](module)
            code, stamp = _from_cache(loader, name)
        if code is not None:
            return code
        code = loader.get_code(name)
        if code is None:
            raise ImportError(f"cannot load module {name!r} when get_code() returns None")
    except BaseException as error:
        # Without this frame: the interpreter cuts importlib's off where they stand in one piece.
        # A bare `raise` does not add it again.
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        raise
    with quiet:
        for hooks in _hooks:
            if (new := hooks.imported(loader, name, code, stamp)) is not None:
                return new
    return code


def _from_cache(loader: Any, name: str) -> tuple[CodeType | None, bytes | None]:
    """Return the module's code, if the cache has it, and its file's stamp, if it may have one."""
    if (filename := stamps.filename(loader, name)) is not None:
        for hooks in _hooks:
            if hooks.selects(name, filename):
                stamp = stamps.stamp(filename)
                return hooks.cached(filename, stamp), stamp
    return None, None


# The interpreter cuts importlib's frames off a traceback up to this function's.
_run = vars(_bootstrap)["_call_with_frames_removed"]
_hook = hook_exec_module(_code_of, _run, exec)


def add(hooks: Hooks) -> None:
    """Ask `hooks` at each import from now on."""
    if not _hooks:
        for loader in LOADERS:
            loader.exec_module = _hook
    _hooks.append(hooks)


def remove(hooks: Hooks) -> None:
    """Ask them no more."""
    _hooks.remove(hooks)
    if not _hooks:
        for loader in LOADERS:
            if vars(loader).get("exec_module") is _hook:
                del loader.exec_module


def optimize_level() -> int:
    """The level that imported code is compiled at."""
    return sys.flags.optimize
