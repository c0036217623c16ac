"""Files as a data file names them: in a folder, or in an archive that Python imports from."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

# How stores keep a byte of a name that is no UTF-8 (instrumentation/unit.py).
_BYTE = re.compile(r"\\udc([89a-f][0-9a-f])")


def stored(path: str) -> str:
    """Return a path as stores and data files have it."""
    return path.encode("utf-8", "backslashreplace").decode()


def read(path: str) -> bytes:
    """Return what is in a file, or in a member of an archive. Raises OSError."""
    found = Path(path)
    if not found.exists():
        found = Path(_BYTE.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), path))
    try:
        return found.read_bytes()
    except (NotADirectoryError, FileNotFoundError):
        if (data := _member(found)) is None:
            raise
        return data


def _member(path: Path) -> bytes | None:
    """Return the member of an archive, None if it is none."""
    for parent in path.parents:
        if parent.is_file():
            try:
                with zipfile.ZipFile(parent) as archive:
                    return archive.read(path.relative_to(parent).as_posix())
            except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError):
                return None
    return None
