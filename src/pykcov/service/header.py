"""The header that names a request's handle, and those that say where its response ends."""

from __future__ import annotations

import logging
import re
from typing import NamedTuple

from pykcov.device import sections
from pykcov.device.labels import Label
from pykcov.device.sections import Section
from pykcov.probe import quiet
from pykcov.remoting import handle_of
from pykcov.service.events import Events, is_stream
from pykcov.service.signing import Signer

HEADER = "X-Kcov-Handle"
OF_BODIES = (b"content-length", b"content-type", b"content-encoding")  # what Fields looks at

_LENGTH = re.compile(r"\s*([0-9]{1,18})\s*", re.ASCII)
_SHOWN = 80  # characters of a value in a log

_log = logging.getLogger("pykcov.service")
_logged: set[str] = set()


class Marked(NamedTuple):
    """A request's section, and what is told of it to who watches."""

    section: Section
    label: Label


def handle_in(value: str) -> int:
    """Return the handle that the header's value names, as handle_of() does. Raises ValueError."""
    return handle_of(value.strip(" \t"))


def start(raw: bytes | None, signer: Signer | None = None) -> Marked | None:
    """Start the section that the header's value asks for, in the current context; None where it
    means nothing. Without the header there is one, of no handle, for who watches all of them.

    A value that names no handle, or must be signed by `signer` and is not, is as no header. That is
    logged, once for each kind of problem: clients can send any number of them.
    """
    if raw is None and sections.watcher is None:
        return None  # no device is shown
    with quiet:
        text, handle = (None, 0) if raw is None else _named(raw, signer)
        section = sections.start(handle)
        if section is None:
            return None
        section.label = Label(text)
        return Marked(section, section.label)


def _named(raw: bytes, signer: Signer | None) -> tuple[str | None, int]:
    value = raw.decode("utf-8", "surrogateescape").strip(" \t")
    try:
        text = value if signer is None else signer.checked(value)
        return text, handle_in(text)
    except ValueError as error:
        problem = str(error)
    if problem not in _logged:
        _logged.add(problem)
        # A signature may be a right one, of another service.
        shown = ascii((value if signer is None else value.rsplit(";", 1)[0])[:_SHOWN])
        _log.warning("a request with the handle %s: %s; unmarked [handle-bad]", shown, problem)
    return None, 0


def content_length(value: str) -> int | None:
    """Return the number in a Content-Length, or None: others complain of what is none."""
    found = _LENGTH.fullmatch(value)
    return int(found[1]) if found is not None else None


class Fields:
    """What a response's headers say of its end. length: the Content-Length, if there is one.
    events: where its events end, if it is made of them."""

    def __init__(self) -> None:
        self.length: int | None = None
        self.events: Events | None = None
        self._is_stream, self._encoding = False, ""

    def add(self, name: str, value: str) -> None:
        """Take in a header; `name` in lower case."""
        if name == "content-length":
            self.length = content_length(value)
        elif name == "content-type":
            self._is_stream = is_stream(value)
        elif name == "content-encoding":
            self._encoding = value
        if self._is_stream:
            self.events = Events(self._encoding)
