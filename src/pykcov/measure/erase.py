"""Removes data files, and refuses to remove any other file."""

from __future__ import annotations

from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.measure.datafile import APPLICATION_ID, DataFile

_MAGIC = b"SQLite format 3\0"
_ID = slice(68, 72)  # where SQLite keeps an application's id, most significant byte first


def _check(path: Path) -> None:
    """Raise PykcovError data-foreign unless pykcov wrote the file, damaged or not."""
    with path.open("rb") as file:
        head = file.read(_ID.stop)
    ours = head.startswith(_MAGIC) and head[_ID] in (b"", APPLICATION_ID.to_bytes(4, "big"))
    if head and not ours:
        raise PykcovError("data-foreign", f"{path} is not a data file of pykcov; not removed")


def erase(path: Path) -> bool:
    """Remove a data file, and the journal that a killed process may have left beside it. Returns
    whether there was one. Raises PykcovError: data-foreign, data-unwritable."""
    try:
        if there := path.exists():
            _check(path)
        for name in (f"{path}-journal", str(path)):
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise PykcovError(
            "data-unwritable", f"cannot remove {error.filename}: {error.strerror}"
        ) from None
    return there


def begin_anew(data: DataFile) -> None:
    """Replace it with an empty one. Raises as erase() and DataFile do."""
    erase(data.path)
    data.write(())
