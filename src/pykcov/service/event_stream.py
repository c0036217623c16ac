"""Finds the ends of events in a text/event-stream: blank lines, however the body is split."""

from __future__ import annotations

import re

# A line ends with CR LF, LF or CR. Two ends in a row, of whatever kinds, are one of these; CR LF is
# none. CR LF CR is, too: a client need not wait for an LF.
_BLANK = re.compile(rb"\r\r|\n[\r\n]")


class Events:
    """The events of a response. encoding: its Content-Encoding; compressed events can't be seen."""

    def __init__(self, encoding: str = "") -> None:
        self._opaque = encoding.strip().lower() not in ("", "identity")
        self._last = b""

    def ends_in(self, piece: bytes) -> bool:
        """May an event end in the next piece of the body?"""
        if self._opaque or not piece:
            return self._opaque
        found = _BLANK.search(self._last + piece[:1]) or _BLANK.search(piece)
        self._last = piece[-1:]
        return found is not None


def is_stream(content_type: str) -> bool:
    """Is this the Content-Type of an event stream?"""
    lower = content_type.lower()
    return "event-stream" in lower and lower.partition(";")[0].strip() == "text/event-stream"
