"""Files of the source that nothing executed: a data file lists them, as coverage.py's does, so that
they count in totals.

One that is listed is a text without functions, which no text that was compiled is.
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

# As coverage.py has it: no editors' files.
_SOURCE = re.compile(r"[^.#~!$@%^&*()+=,]+\.pyw?")


def listed(path: str) -> Measured:
    """Return what a data file has of a file that was not executed."""
    return Measured(FileSymbols(path, "", 0, 0, "listed", (), (), ()))


def is_listed(one: Measured) -> bool:
    """Is it of a file that was not executed?"""
    return not one.symbols.functions


def python_files(folder: str, namespaces: bool = False) -> Iterator[str]:
    """Yield the Python files of a folder and, below it, of packages; with `namespaces` of all
    folders."""
    for path, folders, names in os.walk(folder):
        if not namespaces and path != folder and "__init__.py" not in names:
            folders.clear()
            continue
        yield from (canonical(f"{path}/{name}") for name in names if _SOURCE.fullmatch(name))


def never_executed(selection: Selection, namespaces: bool, data: DataFile) -> list[Measured]:
    """Return the files below the selection's folders, and of its packages that were imported, of
    which `data` has nothing. Raises PykcovError as DataFile.read() does."""
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
    """Can the name be written down? coverage.py leaves out the others, too."""
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
