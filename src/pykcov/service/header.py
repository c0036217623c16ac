"""The header that names a request's handle, and the one that says where its response ends."""

from __future__ import annotations

import functools
import logging
import re

from pykcov.device import sections
from pykcov.device.remote import RemoteArg
from pykcov.device.sections import Section
from pykcov.probe import quiet
from pykcov.remoting import handle_of

HEADER = "X-Kcov-Handle"

_NUMBER = re.compile(r"0[xX].*|[-+]?[0-9]+", re.DOTALL)
_LENGTH = re.compile(r"\s*([0-9]{1,18})\s*", re.ASCII)
_LONGEST = 1024  # characters of a value
_SHOWN = 80  # of them in a log

_log = logging.getLogger("pykcov.service")
_logged: set[str] = set()


@functools.lru_cache(1024)
def handle_in(value: str) -> int:
    """Return the handle that the header's value names: a decimal or 0x number as handle_of() takes
    it, any other string hashed by handle_of().

    Raises ValueError for a number that is no handle and can't be registered, and for what is empty
    or longer than 1024 characters.
    """
    value = value.strip()
    if not value:
        raise ValueError("it is empty")
    if len(value) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters")
    if not _NUMBER.fullmatch(value):
        return handle_of(value)
    try:
        number = int(value, 16 if value[:2] in ("0x", "0X") else 10)
    except ValueError:
        raise ValueError("what begins with 0x is a hexadecimal number") from None
    if not 0 < number < 1 << 64:
        raise ValueError("a number is one of 1 to 2^64-1")
    handle = handle_of(number)
    if RemoteArg(0, 0, 0, (handle,)).refused(()):
        raise ValueError("a number above 2^32-1 is subsystem << 56 | instance: 0x70, or 1 for USB")
    return handle


def start(raw: bytes | None) -> Section | None:
    """Start the section that the header's value asks for, in the current context; None where it
    means nothing. Without the header there is one, of no handle, for who watches all of them.
    A problem is logged, once of each kind: clients can send any number of them."""
    if raw is None and sections.watcher is None:
        return None  # no device is shown
    with quiet:
        if raw is None:
            return sections.start(0)
        value = raw.decode("utf-8", "surrogateescape")
        try:
            return sections.start(handle_in(value))
        except ValueError as error:
            problem = str(error)
        if problem not in _logged:
            _logged.add(problem)
            shown = ascii(value[:_SHOWN])
            _log.warning("a request with the handle %s: %s; unmarked [handle-bad]", shown, problem)
        return None


def content_length(value: str) -> int | None:
    """Return the number in a Content-Length, or None: others complain of what is none."""
    found = _LENGTH.fullmatch(value)
    return int(found[1]) if found is not None else None
