"""How long a process waits, in total, for a file that others have locked.

A stopped process keeps its locks. If each call had its own time limit, a program that opens the
file at every import would stall at every import. So there is one budget per process: a wait that
fails is deducted, one that gets the lock is not. Once the budget is spent, calls try once and don't
wait; the first one that gets to write restores the whole budget.
"""

from __future__ import annotations

import time


class Patience:
    """A budget of `seconds`. A forked child inherits what its parent had left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = self._left = seconds

    @property
    def left(self) -> float:
        """Seconds left to wait."""
        return min(self._left, self.seconds)

    def lost(self, since: float) -> None:
        """Deduct a failed wait that began at `since`, a time.monotonic()."""
        self._left = max(0.0, self.left - (time.monotonic() - since))

    def renew(self) -> None:
        """Restore the budget, after getting the lock."""
        self._left = self.seconds
