"""Shared by all marks: reading the handle, starting its section, and handing it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pykcov.device import sections
from pykcov.device.sections import Section
from pykcov.probe import quiet
from pykcov.request_marks import current_handle
from pykcov.service import header as headers
from pykcov.service.signing import signer_of

_signer = signer_of(None)
HEADER = headers.HEADER
KEY = HEADER.lower()  # in the metadata of a call, and in the headers of a job


def start(value: object, method: str = "", path: str = "") -> Section | None:
    """Start the section that `value` asks for in the current context, or return None.

    value: text, bytes or a number from a header or from metadata, read as
    pykcov.service.header.handle_in() does; None if there is none. If PYKCOV_SECRET is set, it must
    be signed. An invalid value is logged, and nothing is marked. method, path: of the request or
    job, for watchers.
    """
    if value is not None and not isinstance(value, bytes):
        value = str(value).encode("utf-8", "surrogateescape")
    marked = headers.start(value, _signer)
    if marked is None:
        return None
    section, label = marked
    label.method, label.path = method, path
    return section


def idle(value: object) -> bool:
    """Is there nothing to mark: no handle, and no device that could be watched?"""
    return value is None and sections.watcher is None


def stop(section: Section) -> None:
    """End the section and publish the rest. Any thread may call it; repeated calls do nothing."""
    with quiet:
        section.stop()


def publish(section: Section, *, answered: bool = False) -> None:
    """Publish what was recorded so far, and keep recording. answered: the rest is after-work."""
    with quiet:
        section.publish(answered=answered)
        if answered and section.label is not None:
            section.label.end()


def hand_on(put: Callable[[str, int | str], object], has: Any, key: str) -> None:
    """Call put(key, handle) with the current section's handle, if any; signed if PYKCOV_SECRET is
    set. Does nothing if `has` contains `key`, because the sender has chosen another handle."""
    handle = current_handle()
    if handle is not None and key not in has:
        put(key, handle if _signer is None else _signer.sign(str(handle)))
