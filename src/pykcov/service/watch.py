"""Watches all requests of a service as they finish."""

from __future__ import annotations

import errno
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pykcov.closing import Closing
from pykcov.device import labels
from pykcov.errors import PykcovError
from pykcov.service.connection import Link
from pykcov.service.protocol import Kind
from pykcov.service.ring import Reader

_LOOK = 0.05  # seconds between reads of the ring
_MOST = 1 << 20  # PCs to keep of one request


@dataclass
class Finished:
    """A request, or another section. handle: its number, or 0. name: the handle as it was given, or
    None. records: number of records; pcs: the first ones. dropped: whether records found no room.
    method, path, query, status: of an HTTP request, else "" and 0; a long path or query ends with
    "…". seconds: until the response, or else the section, was complete."""

    handle: int
    process: int
    records: int = 0
    dropped: bool = False
    pcs: array[int] = field(default_factory=lambda: array("Q"))
    name: str | None = None
    method: str = ""
    path: str = ""
    query: str = ""
    status: int = 0
    seconds: float = 0.0


class Watch(Closing):
    """Watches the device `name`. info: its description of itself.

    Raises PykcovError: device-missing, device-watched, and as places.socket_of().
    """

    def __init__(self, name: str) -> None:
        try:
            self._link = Link(name, Kind.WATCH)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            raise PykcovError(
                "device-watched", f"another process is watching {name!r}; only one can at a time"
            ) from error
        self.info: dict[str, Any] = self._link.info
        (ring,) = self._link.files
        try:
            self._reader = Reader(ring.fileno())
        except BaseException:
            self._link.close()
            raise
        ring.close()
        self._unfinished: dict[int, Finished] = {}

    @property
    def lost(self) -> int:
        """Number of parts of requests that were not read in time."""
        return self._reader.lost

    def finished(self) -> Iterator[Finished]:
        """Yield the requests that have finished since the last call."""
        for frame in self._reader.frames():
            request = self._unfinished.setdefault(
                frame.section, Finished(frame.handle, frame.section >> 32)
            )
            request.records += frame.records
            request.dropped |= frame.dropped
            request.pcs.extend(frame.pcs[: max(0, _MOST - len(request.pcs))])
            if frame.is_last:
                told = labels.decode(frame.text)
                request.name = told.pop("handle", None)
                yield replace(self._unfinished.pop(frame.section), **told)

    def __iter__(self) -> Iterator[Finished]:
        """Yield requests until the process that shows the device ends."""
        while True:
            lives = self._link.lives()
            yield from self.finished()
            if not lives:
                return
            time.sleep(_LOOK)

    def close(self) -> None:
        """Stop watching."""
        self._link.close()
        self._reader.close()
