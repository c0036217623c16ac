"""How long a process waits, in all, for a file that others have locked.

A process that was stopped keeps its locks. If each call had a time limit of its own, a program that
opens the file at every import would stand still at every import. So there is one budget a process:
a wait in vain is taken off it, one that gets the lock is not. Once it is spent, nothing waits; each
call still tries once, and the first that gets to write has the whole budget again.
"""

from __future__ import annotations

import time


class Patience:
    """A budget of `seconds`. A forked child has what its parent had left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = self._left = seconds

    @property
    def left(self) -> float:
        """Seconds that may be waited now."""
        return min(self._left, self.seconds)

    def lost(self, since: float) -> None:
        """A wait that began at `since`, as time.monotonic() has it, was in vain."""
        self._left = max(0.0, self.left - (time.monotonic() - since))

    def renew(self) -> None:
        """The lock was had."""
        self._left = self.seconds
