"""What a watcher is told of a section, apart from what it executed: a line of JSON.

A label is kept while its section lives, and its text is made only for a watcher.
"""

from __future__ import annotations

import json
import time
from typing import Any

TEXT_MOST = 1 << 15  # bytes of a text; ring.c has the same
_PATH, _QUERY, _METHOD = 512, 256, 32  # characters of these that are told
_CUT = "…"  # stands for the rest

_KINDS: dict[str, type | tuple[type, ...]] = {
    "handle": str,
    "method": str,
    "path": str,
    "query": str,
    "status": int,
    "seconds": (int, float),
}


class Label:
    """Says which request a section is of.

    handle: as it was given, or None. method, path, query: of an HTTP request; bytes are UTF-8.
    status: of its response, or 0. end(): its response is complete. Without it, the section's end
    is.
    """

    method = ""
    path: str | bytes = ""
    query: str | bytes = ""
    status = 0
    _ended = 0.0

    def __init__(self, handle: str | None) -> None:
        self.handle = handle
        self._began = time.perf_counter()

    def end(self) -> None:
        """The response is complete. Only the first call counts."""
        self._ended = self._ended or time.perf_counter()

    def encode(self) -> bytes:
        """Return the text, in ASCII, of at most TEXT_MOST bytes. What was cut ends with "…"."""
        told = {
            "handle": self.handle,
            "method": _cut(self.method, _METHOD),
            "path": _cut(self.path, _PATH),
            "query": _cut(self.query, _QUERY),
            "status": self.status if isinstance(self.status, int) else 0,
            "seconds": round((self._ended or time.perf_counter()) - self._began, 6),
        }
        return json.dumps({key: value for key, value in told.items() if value}).encode()


def _cut(text: str | bytes, most: int) -> str:
    if isinstance(text, bytes):
        text = text[: 4 * most + 4]  # more than `most` characters, if there are any
        text = text.decode("utf-8", "surrogateescape")
    text = str(text)  # of whatever type a server has made it
    return text if len(text) <= most else text[: most - 1] + _CUT


def decode(text: bytes) -> dict[str, Any]:
    """Return what a text tells: handle, method, path, query, status, seconds, as far as they are
    known."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {
        key: told[key]
        for key, kind in _KINDS.items()
        if key in told and isinstance(told[key], kind)
    }
