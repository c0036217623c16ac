"""Finds selected modules that have no probes, so that none is missing silently."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, SourcelessFileLoader
from importlib.util import LazyLoader
from pathlib import Path
from typing import Any, TypeGuard

from pykcov.instrumentation.in_place import modules
from pykcov.instrumentation.selection import Selection, absolute

_lazy: Any = sys.modules[LazyLoader.__module__]._LazyModule


def is_spec(value: object) -> TypeGuard[ModuleSpec]:
    """Is it a module's spec? Asks no object for its __class__."""
    return issubclass(type(value), ModuleSpec)


def _modules() -> Iterator[tuple[str, str, ModuleSpec | None]]:
    """Yield name, file and spec of each module that was executed."""
    for key, kind, names in modules():
        if issubclass(kind, _lazy):
            continue
        spec, file, name = names.get("__spec__"), names.get("__file__"), names.get("__name__")
        known = spec if is_spec(spec) else None
        if getattr(known, "_initializing", False):
            continue  # it is about to be
        if known and isinstance(known.origin, str) and known.has_location:
            file, name = known.origin, known.name
        if isinstance(file, str):
            yield name if isinstance(name, str) else key, absolute(file), known


def files_of_modules() -> set[str]:
    """Return the files of the modules that are there now."""
    return {file for _, file, _ in _modules()}


def missing(
    selection: Selection, given: dict[str, int], earlier: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield the files of selected modules that are not among those `given` probes, and why.
    earlier: files of modules imported before."""
    for name, file, spec in _modules():
        if (source := _source_of_extension(file)) is not None:
            if source and source not in given and selection.matches(name, source):
                yield source, f"{file} was imported, which is not Python code"
        elif file not in given and selection.matches(name, file) and not _is_empty(file):
            yield file, _why(file, spec, earlier)


def _source_of_extension(file: str) -> str | None:
    """Return the Python source beside a C extension that replaces it; "" if there is none, None if
    the file is not an extension."""
    for suffix in EXTENSION_SUFFIXES:
        if file.endswith(suffix):
            source = Path(file.removesuffix(suffix) + ".py")
            return str(source) if source.is_file() else ""
    return None


def _is_empty(file: str) -> bool:
    """Does the file contain nothing to execute, except perhaps a docstring?"""
    try:
        body = ast.parse(Path(file).read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    return all(isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) for n in body)


def _why(file: str, spec: ModuleSpec | None, earlier: set[str]) -> str:
    loader: Any = None if spec is None else spec.loader
    if isinstance(loader, SourcelessFileLoader) or file.endswith(".pyc"):
        return "it has no source"
    if file in earlier:
        return (
            "it was executed before pykcov could instrument it, and has no functions to instrument"
        )
    if loader is None:
        return "it was not executed by import, exec() or eval()"
    kind = loader if isinstance(loader, type) else type(loader)
    return (
        f"its loader, {kind.__module__}.{kind.__qualname__}, executes it where pykcov can't see "
        "it, or executes code that is not from the file"
    )
