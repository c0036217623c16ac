"""Instruments modules as they are imported.

importlib itself imports them. When it looks up the function that executes a module's code, we
replace the code in the local variable of importlib's frame; when it looks up a loader's get_code,
the cache is tried first (probe/csrc/importing.c). So `__loader__`, `__spec__`, sys.meta_path,
cached .pyc files, frames and tracebacks are unchanged, and modules loaded manually
(spec_from_file_location) are instrumented, too.
"""

from __future__ import annotations

import importlib._bootstrap as _bootstrap
import importlib._bootstrap_external as _external
import sys
import zipimport
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from pykcov import forks
from pykcov.errors import own_bug
from pykcov.instrumentation.cache.stamps import stamp as stamp_of
from pykcov.instrumentation.exec_hook import pass_by
from pykcov.probe import Importlib, Lookup, origin

LOADERS: tuple[Any, ...] = (SourceFileLoader, zipimport.zipimporter)


class Hooks(NamedTuple):
    """Functions called at each import."""

    # (module name, file): is it to be instrumented? Asked of what has a stamp only (stamps.py).
    selects: Callable[[str, str], bool]
    # (file, its stamp): the code to execute, from the cache; None if it is not there.
    cached: Callable[[str, bytes], CodeType | None]
    # (loader, module name, the loader's code, the stamp from before it was loaded, None if there is
    # none): the code to execute instead, or None to leave it.
    imported: Callable[[Any, str, CodeType, bytes | None], CodeType | None]


_hooks: list[Hooks] = []
# The last loader that a stamp was made for, and the stamp. Other loaders have none, if imports by
# several threads, or by get_code() itself, interleave.
_latest: tuple[Any, bytes] | None = None
_is_away = False  # the stand-in for get_code

_METHODS = (
    *("get_code", "get_data", "get_filename", "path_stats", "path_mtime"),
    *("source_to_code", "set_data", "_cache_bytecode"),
)


def _methods() -> list[Any]:
    return [getattr(SourceFileLoader, name, None) for name in _METHODS]


_as_made = _methods()
_parts = {"name", "path"}


def _filename(loader: Any, name: str) -> str | None:
    """Return the file that `loader` loads module `name` from, if it may have a stamp: only if the
    loader is exactly a SourceFileLoader, with importlib's own methods."""
    if type(loader) is not SourceFileLoader or vars(loader).keys() != _parts or loader.name != name:
        return None
    path = loader.path
    return path if type(path) is str and _methods() == _as_made else None


_gettrace, _getprofile = sys.gettrace, sys.getprofile
_monitoring: Any = getattr(sys, "monitoring", None)  # since 3.12
_get_tool = None if _monitoring is None else _monitoring.get_tool


def _is_monitored() -> bool:
    if _get_tool is None:
        return False
    for number in range(6):  # noqa: SIM110 - a generator takes as long again, at each import
        if _get_tool(number) is not None:
            return True
    return False


def _is_watched() -> bool:
    """Would a tool notice a call of get_code()?"""
    return _gettrace() is not None or _getprofile() is not None or _is_monitored()


def _begin() -> None:
    """Remove the replacement of get_code while there is a sys.monitoring tool. Until 3.13 such a
    tool would get another callable for the bound method, which the replacement returns.
    """
    global _is_away
    if _hooks and _is_away != _is_monitored():
        _is_away = not _is_away
        _take_away() if _is_away else _put()


def _put() -> None:
    if "get_code" not in vars(SourceFileLoader):  # otherwise it is the program's own
        setattr(SourceFileLoader, "get_code", _get_code)  # noqa: B010 - no function, for mypy


def _take_away() -> None:
    if vars(SourceFileLoader).get("get_code") is _get_code:
        del SourceFileLoader.get_code


def _cached(loader: Any, module: ModuleType) -> CodeType | None:
    """Return the module's code from the cache, so that get_code() need not be called, or None."""
    global _latest
    try:
        forks.notice()
        name = module.__name__
        if (filename := _filename(loader, name)) is not None:
            for hooks in _hooks:
                if hooks.selects(name, filename):
                    stamp = stamp_of(filename)
                    _latest = loader, stamp
                    return None if _is_watched() else hooks.cached(filename, stamp)
    except Exception:
        own_bug("instrument-failed", f"cannot look for {loader!r} in the cache")
    return None


def _imported(loader: Any, module: ModuleType, code: Any) -> CodeType | None:
    """Return the code to execute instead of `code`."""
    global _latest
    latest, _latest = _latest, None
    if not isinstance(code, CodeType) or not isinstance(loader, LOADERS) or origin(code):
        return None
    pass_by(code)
    try:
        forks.notice()
        stamp = latest[1] if latest is not None and latest[0] is loader else None
        for hooks in _hooks:
            if (new := hooks.imported(loader, module.__name__, code, stamp)) is not None:
                return new
    except Exception:
        own_bug("instrument-failed", f"cannot instrument {code.co_filename}")
    return None


_exec_module = vars(_external)["_LoaderBasics"].exec_module
_importlib = Importlib(_bootstrap, _exec_module, _imported, _begin)
_get_code = Lookup(SourceFileLoader.get_code, _exec_module, _cached)


def add(hooks: Hooks) -> None:
    """Call `hooks` at each import from now on."""
    if not _hooks:
        vars(_external)["_bootstrap"] = _importlib
        _put()
    _hooks.append(hooks)


def remove(hooks: Hooks) -> None:
    """Stop calling them."""
    global _is_away
    _hooks.remove(hooks)
    if not _hooks:
        if vars(_external)["_bootstrap"] is _importlib:
            vars(_external)["_bootstrap"] = _bootstrap
        _take_away()
        _is_away = False
