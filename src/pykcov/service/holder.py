"""The process that shows the device that a process has joined, and whether that has changed.

If other processes of a service stand by (standby.py), one after another may show its device. Each
makes its own socket under the same name, so stat() detects a change: that takes two microseconds,
and no message or thread. Members check at each marked request, before they look up the handle. So a
client that connects to the new process reaches every member.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from pykcov.service import addresses, same_service
from pykcov.service.connection import Link
from pykcov.service.protocol import Kind

_SHARE = 20  # a holder that did not answer is left alone for this many times as long as that took


class Holder:
    """The process that shows a device at `path`.

    stamp: addresses.stamp() of its socket. commands: same_service.commands() of that process.
    store: the symbol store it uses.
    """

    def __init__(
        self, path: Path, stamp: addresses.Stamp | None, commands: Iterable[str], store: str
    ) -> None:
        self.path, self.commands, self.store = path, frozenset(commands), store
        self._stamp, self._file = stamp, os.fsencode(path)
        self._not_before = 0.0

    @staticmethod
    def of(link: Link) -> Holder:
        """Return the holder at the other end of a connection."""
        return Holder(link.path, link.stamp, link.info["commands"], link.info["store"])

    def may_have_changed(self) -> bool:
        """Is there another socket now? False if there is none, and for a while after the holder did
        not answer."""
        seen = addresses.stamp(self._file)
        return seen != self._stamp and seen is not None and time.monotonic() >= self._not_before

    def did_not_answer(self, seconds: float) -> None:
        """Note that the holder made a request wait this long, to spare the next ones the same."""
        self._not_before = time.monotonic() + _SHARE * seconds

    def next(self, name: str) -> Holder | None:
        """Return the process that shows the device now; None if it belongs to another service,
        which is asked only once. Raises PykcovError and OSError as Link does: it may have ended."""
        with contextlib.closing(Link(name, Kind.LOOK, path=self.path)) as link:
            found = Holder.of(link)
        is_kin = not self.commands.isdisjoint(found.commands) or same_service.is_kin(found.commands)
        if not is_kin or found.store != self.store:
            self._stamp = found._stamp
            return None
        return found
