"""A section's description for watchers, apart from what it executed: a line of JSON.

A label exists as long as its section; its text is made only if somebody watches.
"""

from __future__ import annotations

import json
import time
from typing import Any

TEXT_MOST = 1 << 15  # bytes of a text; the same as in ring.c
_PATH, _QUERY, _METHOD = 512, 256, 32  # maximum numbers of characters
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
    """Describes the request of a section.

    handle: as it was given, or None. method, path, query: of an HTTP request; bytes are UTF-8.
    status: of its response, or 0. The duration ends with end(), or else with the section.
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
        """Note that the response is complete. Only the first call counts."""
        self._ended = self._ended or time.perf_counter()

    def encode(self) -> bytes:
        """Return the text, in ASCII, of at most TEXT_MOST bytes. Shortened values end with "…"."""
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
    """Parse a text. Returns handle, method, path, query, status and seconds, as far as known."""
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
