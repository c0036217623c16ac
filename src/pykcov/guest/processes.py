"""The processes of a guest: their ends, and the directories that they are in.

Nobody but a process itself can change its current directory. So one that the kernel shows is known
here only: the host has the process where it was before, and the calls that look paths up start from
what is kept here. Threads share it, execve keeps it, and a forked child has its parent's. As fork
is not seen, a child takes it over when it is met, at its first call that is; before its parent goes
elsewhere, or ends, those that have made none are met. Who has lost its parent to a SIGKILL before,
is where the host has it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import threading

from pykcov.guest import proc_raw
from pykcov.kernel.interface import OpenFile


class Processes:
    """Those that have been met, and have not ended. Of each end `selector` tells, with the pid."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._lock = threading.Lock()
        self._pidfds: dict[int, int] = {}
        self._places: dict[int, OpenFile] = {}  # of those in directories that the kernel shows
        self._killing = False

    def meet(self, pid: int) -> None:
        """Hear of a process's end. Raises OSError when it has ended, or cannot be watched."""
        if pid in self._pidfds:
            return
        with self._lock:
            if pid in self._pidfds:
                return
            place = self._inherited(pid) if self._places else None
            fd = os.pidfd_open(pid)
            if place is not None:
                self._places[pid] = place
            self._selector.register(fd, selectors.EVENT_READ, pid)
            self._pidfds[pid] = fd
            if self._killing:
                signal.pidfd_send_signal(fd, signal.SIGKILL)

    def ended(self, pid: int) -> None:
        """Forget one, that has ended."""
        with self._lock:
            fd = self._pidfds.pop(pid)
            self._selector.unregister(fd)
            os.close(fd)
            left = self._put(pid, None)
        if left is not None:
            left.release()

    def kill(self) -> None:
        """Kill those that are known, and others when they are met."""
        with self._lock:
            self._killing = True
            for pidfd in self._pidfds.values():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def close(self) -> None:
        """Forget all."""
        for pid in list(self._pidfds):
            self.ended(pid)

    def known(self) -> list[int]:
        """Return their numbers."""
        with self._lock:
            return list(self._pidfds)

    def __len__(self) -> int:
        return len(self._pidfds)

    # -- current directories ----------------------------------------------------------------------

    def cwd(self, pid: int) -> OpenFile | None:
        """The directory that a process is in, if the kernel shows it."""
        return self._places.get(pid)

    def chdir(self, pid: int, place: OpenFile | None) -> None:
        """Have a process be in `place`, or, with None, where the host has it. Raises OSError."""
        if place is None and pid not in self._places:
            return
        self._meet_children(pid)
        with self._lock:
            left = self._put(pid, place)
        if left is not None:
            left.release()

    def _meet_children(self, pid: int) -> None:
        """Have the children, and theirs, be where the process is now. Raises OSError."""
        children = proc_raw.children()
        found = [pid]
        for parent in found:
            unmet = [child for child in children.get(parent, ()) if child not in self._pidfds]
            found += unmet
            for child in unmet:
                with contextlib.suppress(ProcessLookupError):
                    self.meet(child)

    def exits(self, pid: int) -> None:
        """A process, or a thread of it, is about to end."""
        if pid in self._places:
            with contextlib.suppress(OSError):
                self._meet_children(pid)

    def _inherited(self, pid: int) -> OpenFile | None:
        """What a process that is new has from who forked it."""
        above = proc_raw.parent(pid)
        while above and above not in self._pidfds:
            above = proc_raw.parent(above)
        return self._places.get(above)

    def _put(self, pid: int, place: OpenFile | None) -> OpenFile | None:
        """Change it; return what nobody is in any more."""
        before = self._places.pop(pid, None)
        if place is not None:
            self._places[pid] = place
        return None if any(other is before for other in self._places.values()) else before
