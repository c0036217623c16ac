"""The header with a request's handle, and those that tell where its response ends."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterable

from pykcov.device import sections
from pykcov.device.labels import Label
from pykcov.device.sections import Section
from pykcov.probe import quiet
from pykcov.request_marks import handle_of
from pykcov.service.event_stream import Events, is_stream
from pykcov.service.signing import Signer

HEADER = "X-Kcov-Handle"
OF_BODIES = (b"content-length", b"content-type", b"content-encoding")  # what body_of() looks at

_LENGTH = re.compile(r"\s*([0-9]{1,18})\s*", re.ASCII)
_SHOWN = 80  # characters of a value in a log

_handle_of = functools.lru_cache(1024)(handle_of)  # clients keep their handles

_log = logging.getLogger("pykcov.service")
_logged: set[str] = set()

# A request's section, and its description for watchers.
Marked = tuple[Section, Label]


def handle_in(value: str) -> int:
    """Return the handle in the header's value, as handle_of() does. Raises ValueError."""
    return _handle_of(value.strip(" \t"))


def start(raw: bytes | None, signer: Signer | None = None) -> Marked | None:
    """Start the section for the header's value in the current context; returns None if nobody
    collects it. Without the header, starts a section without a handle if somebody watches.

    An invalid value, or one not signed by `signer`, counts as no header. That is logged, but only
    once for each kind of problem, because clients can send any number of them.
    """
    if raw is None and sections.watcher is None:
        return None  # no device is shown
    with quiet:
        text, handle = (None, 0) if raw is None else _named(raw, signer)
        section = sections.start(handle)
        if section is None:
            return None
        section.label = label = Label(text)
        return section, label


def _named(raw: bytes, signer: Signer | None) -> tuple[str | None, int]:
    value = raw.decode("utf-8", "surrogateescape").strip(" \t")
    try:
        text = value if signer is None else signer.checked(value)
        return text, handle_in(text)
    except ValueError as error:
        problem = str(error)
    if problem not in _logged:
        _logged.add(problem)
        # Never log what follows a semicolon: it may be a valid signature, here or elsewhere.
        shown = ascii((value if signer is None else value.partition(";")[0])[:_SHOWN])
        _log.warning("request with handle %s not marked: %s [handle-bad]", shown, problem)
    return None, 0


def content_length(value: str) -> int | None:
    """Return the number in a Content-Length; None if it is malformed, which others report."""
    found = _LENGTH.fullmatch(value)
    return int(found[1]) if found is not None else None


def body_of(fields: Iterable[tuple[str, str]]) -> tuple[int | None, Events | None]:
    """Return what a response's headers say about its end: the Content-Length, if any, and an Events
    to find the ends of events, if it is an event stream."""
    length, has_events, encoding = None, False, ""
    for name, value in fields:
        lower = name.lower()
        if lower == "content-length":
            length = content_length(value)
        elif lower == "content-type":
            has_events = is_stream(value)
        elif lower == "content-encoding":
            encoding = value
    return length, Events(encoding) if has_events else None
