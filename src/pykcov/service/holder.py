"""Who shows the device that a process is part of, and whether it is another process by now.

A device is shown by one process after another where others of its service stand by (standby.py).
Each makes a socket of its own under the same name, so a look at the file tells: two microseconds,
with no message and no thread. The members look at each marked request, before they look the handle
up. A client that has connected to a new process finds every member there.
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

_SHARE = 20  # one that did not answer is asked again after so many times what that took


class Holder:
    """The process that shows a device at `path`.

    stamp: places.stamp() of its socket. commands: as kin.commands() gives them there. store: where
    its PCs come from.
    """

    def __init__(
        self, path: Path, stamp: addresses.Stamp | None, commands: Iterable[str], store: str
    ) -> None:
        self.path, self.commands, self.store = path, frozenset(commands), store
        self._stamp, self._file = stamp, os.fsencode(path)
        self._not_before = 0.0

    @staticmethod
    def of(link: Link) -> Holder:
        """Return whom a connection leads to."""
        return Holder(link.path, link.stamp, link.info["commands"], link.info["store"])

    def may_have_changed(self) -> bool:
        """Is there another socket? None at all is no other, and nor is, for a time, one that did
        not answer."""
        seen = addresses.stamp(self._file)
        return seen != self._stamp and seen is not None and time.monotonic() >= self._not_before

    def did_not_answer(self, seconds: float) -> None:
        """Who shows the device now made a request wait for so long: spare the next ones that."""
        self._not_before = time.monotonic() + _SHARE * seconds

    def next(self, name: str) -> Holder | None:
        """Return who shows the device now; None if that is another service's process, which is
        asked once. Raises PykcovError and OSError as Link does: it may have gone again."""
        with contextlib.closing(Link(name, Kind.LOOK, path=self.path)) as link:
            found = Holder.of(link)
        is_kin = not self.commands.isdisjoint(found.commands) or same_service.is_kin(found.commands)
        if not is_kin or found.store != self.store:
            self._stamp = found._stamp
            return None
        return found
