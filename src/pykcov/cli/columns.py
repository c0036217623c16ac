"""Lines of columns for pykcov watch, as wide as the terminal.

Handles and paths are whatever a client sent: invisible characters are escaped, so that they can't
control the terminal.
"""

from __future__ import annotations

import contextlib
import time
import unicodedata
from pathlib import Path
from typing import Any

_GAP = "  "
_TOP = 3  # files to name
_RECORDS_FROM, _FILES_FROM = 100, 140  # terminal widths from which these columns are shown
_FIXED = {"time": 8, "status": 6, "took": 6, "records": 7, "blocks": 7, "new": 5}
_RIGHT = ("took", "records", "blocks", "new")
_HANDLE, _REQUEST = 20, 40  # widths, where there is room


def printable(text: str) -> str:
    """Return the text with invisible characters escaped as Python does; bytes that were not UTF-8
    become \\xNN."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def width_of(text: str) -> int:
    """Return how many terminal columns a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int, *, start: bool = False) -> str:
    """Return the text shortened to `width` columns: "…" replaces its end, or, with `start`, its
    start."""
    if width_of(text) <= width:
        return text
    kept: list[str] = []
    room = width - 1
    for character in reversed(text) if start else text:
        room -= _columns_of(character)
        if room < 0:
            break
        kept.append(character)
    return "…" + "".join(reversed(kept)) if start else "".join(kept) + "…"


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - width_of(text))
    return space + text if right else text + space


class Columns:
    """The columns that fit into a terminal of this width; None means all of them, uncut."""

    def __init__(self, width: int | None) -> None:
        self._width = width
        wide = width or _FILES_FROM
        self._names = ["time", "handle", "request", "status", "took", "records", "blocks", "new"]
        if wide < _RECORDS_FROM:
            self._names.remove("records")
        self._widths = {name: _FIXED[name] for name in self._names if name in _FIXED}
        used = sum(self._widths.values()) + len(_GAP) * (len(self._names) - 1)
        room = max(wide - used, 20)
        if wide >= _FILES_FROM:
            self._widths.update(handle=_HANDLE, request=_REQUEST)
            self._names.append("files")
        else:
            handle = min(room // 3, _HANDLE)
            self._widths.update(handle=handle, request=room - handle)

    def head(self) -> str:
        """Return the names of the columns."""
        return self._joined({name: name for name in self._names})

    def line(self, row: dict[str, Any]) -> str:
        """Return the line of a request, as Seen.row() describes it."""
        return self._joined(
            {
                "time": time.strftime("%H:%M:%S", time.localtime(row["time"])),
                "handle": printable(row["handle"] or "-"),
                "request": self._request(row),
                "status": str(row["status"] or "-"),
                "took": _duration(row["seconds"]),
                "records": str(row["records"]),
                "blocks": f"{row['blocks']}{'' if row['complete'] else '+'}",
                "new": str(row["new"]),
                "files": ", ".join(
                    f"{printable(_relative(path))} {count}"
                    for path, count in list(row["files"].items())[:_TOP]
                ),
            }
        )

    def _request(self, row: dict[str, Any]) -> str:
        """Return method, path, and as much of the query as fits. A long path keeps its end, which
        says most."""
        method, path = printable(row["method"] or "-"), printable(row["path"] or "")
        query = f"?{printable(row['query'])}" if row["query"] else ""
        if self._width is None:
            return f"{method} {path}{query}".strip()
        method = cut(method, 8)
        room = self._widths["request"] - width_of(method) - 1
        if width_of(path) >= room:
            return f"{method} {cut(path, room, start=True)}".strip()
        return f"{method} {path}{cut(query, room - width_of(path))}".strip()

    def _joined(self, texts: dict[str, str]) -> str:
        parts = []
        for name in self._names:
            text, width = texts[name], self._widths.get(name, 0)
            if self._width is not None and width:
                text = cut(text, width)
            parts.append(_padded(text, width, name in _RIGHT))
        line = _GAP.join(parts).rstrip()
        return line if self._width is None else cut(line, self._width)


def _duration(seconds: float) -> str:
    if not seconds:
        return "-"
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f}ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    return f"{seconds:.1f}s" if seconds < 99.95 else f"{seconds:.0f}s"


def _relative(path: str) -> str:
    with contextlib.suppress(ValueError):
        return str(Path(path).relative_to(Path.cwd()))
    return str(Path(*Path(path).parts[-2:]))
