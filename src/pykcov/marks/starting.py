"""What all marks have in common: where the handle is, and how its section begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pykcov.device import sections
from pykcov.device.sections import Section
from pykcov.probe import quiet
from pykcov.remoting import current_handle
from pykcov.service import header as headers

HEADER = headers.HEADER
KEY = HEADER.lower()  # of the metadata of a call, and of the headers of a job


def start(value: object) -> Section | None:
    """Start the section that `value` asks for in the current context, or return None.

    value: what a request has in its header, or a job in its metadata: text, bytes or a number, as
    pykcov.service.header.handle_in() reads it; None where it has nothing. What names no handle is
    logged, as for the middleware, and marks nothing.
    """
    if value is not None and not isinstance(value, bytes):
        value = str(value).encode("utf-8", "surrogateescape")
    return headers.start(value)


def idle(value: object) -> bool:
    """Can a request with that value be left alone? It has no handle, and nobody watches."""
    return value is None and sections.watcher is None


def stop(section: Section) -> None:
    """Publish, and end it."""
    with quiet:
        section.stop()


def publish(section: Section) -> None:
    """Publish what there is, and go on."""
    with quiet:
        section.publish()


def hand_on(put: Callable[[str, int], object], has: Any, key: str) -> None:
    """Call put(key, handle) with the handle of the current section, if there is one, and if the
    sender of the job has not given it one under `key` in `has`."""
    handle = current_handle()
    if handle is not None and key not in has:
        put(key, handle)
