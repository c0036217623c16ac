"""Source files that were never executed. As in coverage.py, the data file lists them, so that they
count in totals.

They are listed as files without functions, which no compiled file is.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator

from pykcov.errors import PykcovError
from pykcov.instrumentation.globs import canonical
from pykcov.instrumentation.selection import Selection
from pykcov.measure.datafile import DataFile, Measured
from pykcov.symbols.blocks import FileSymbols

# As in coverage.py, this excludes editors' backup files.
_SOURCE = re.compile(r"[^.#~!$@%^&*()+=,]+\.pyw?")


def listed(path: str) -> Measured:
    """Return the data file's entry for a file that was not executed."""
    return Measured(FileSymbols(path, "", 0, 0, "listed", (), (), ()))


def is_listed(one: Measured) -> bool:
    """Is this the entry of a file that was not executed?"""
    return not one.symbols.functions


def python_files(folder: str, namespaces: bool = False) -> Iterator[str]:
    """Yield the Python files in a folder and in the packages below it; with `namespaces`, in all
    folders below it."""
    for path, folders, names in os.walk(folder):
        if not namespaces and path != folder and "__init__.py" not in names:
            folders.clear()
            continue
        yield from (canonical(f"{path}/{name}") for name in names if _SOURCE.fullmatch(name))


def never_executed(selection: Selection, namespaces: bool, data: DataFile) -> list[Measured]:
    """Return entries for the files in the selection's folders and imported packages that are not in
    `data`. Raises PykcovError as DataFile.read() does."""
    if not selection.folders and not selection.packages:
        return []
    known = {canonical(one.symbols.path) for one in data.read()}
    folders = [*selection.folders]
    for name in selection.packages:
        folders += _folders_of(name, known)
    found = {path for folder in folders for path in python_files(folder, namespaces)}
    found = {path for path in found - known if selection.narrows_to(path) and is_utf8(path)}
    return list(map(listed, sorted(found)))


def is_utf8(path: str) -> bool:
    """Can the name be encoded? coverage.py leaves out other files, too."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _folders_of(package: str, executed: Iterable[str]) -> Iterable[str]:
    """Return the folder of a package that was imported, here or in another process."""
    file = getattr(sys.modules.get(package), "__file__", None)
    last = f"/{package.replace('.', '/')}/__init__.py"
    files = [canonical(file)] if isinstance(file, str) else [*executed]
    return {os.path.dirname(path) for path in files if path.endswith(last)}  # noqa: PTH120


def to_be_found(sources: Iterable[str], namespaces: bool = False) -> set[str]:
    """Return the Python files of `sources`, imported or not. Raises PykcovError source-missing."""
    selection = Selection(sources)
    folders = [*selection.folders]
    found: set[str] = set()
    for name in selection.packages:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        if spec is None:
            raise PykcovError("source-missing", f"cannot find the package {name}")
        if spec.submodule_search_locations is None:
            found.add(canonical(spec.origin or ""))
        else:
            folders += map(canonical, spec.submodule_search_locations)
    for folder in folders:
        found.update(python_files(folder, namespaces))
    return found
