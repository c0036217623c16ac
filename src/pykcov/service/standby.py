"""A process that stands by to show a device when the process that shows it ends."""

from __future__ import annotations

import atexit
import contextlib
import os
import selectors
from collections.abc import Callable

from pykcov.background import start_thread
from pykcov.errors import PykcovError, own_bug
from pykcov.probe import OwnFile, Unseen, quiet
from pykcov.service import addresses
from pykcov.service.connection import Link
from pykcov.service.protocol import Kind
from pykcov.service.server import Server
from pykcov.service.sockets import new_selector
from pykcov.service.worker import keep_up

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 1.0  # seconds between two attempts


class Standby:
    """Returned by serve() if another process of the service shows the device `name`. When that
    process ends, or closes the device, one of the processes standing by shows it."""

    def __init__(self, name: str, holder: Link, show: Callable[[], Server]) -> None:
        """holder: a Kind.LOOK connection to the process that shows it now. show: a function that
        shows it; raises PykcovError: device-taken if another process was faster."""
        self.name, self.path = name, holder.path
        self._holder, self._show = holder, show
        self._server: Server | None = None
        self._wake, self._stop = map(OwnFile, os.pipe2(os.O_CLOEXEC))
        self._is_open = True
        self._process = os.getpid()
        os.environ[addresses.JOIN] = name
        self._at_exit = Unseen(self.close)
        atexit.register(self._at_exit)
        self._thread = start_thread(self._run, f"pykcov-{name}")

    @property
    def is_open(self) -> bool:
        """Is it not closed yet?"""
        return self._is_open

    @property
    def server(self) -> Server | None:
        """The server, once this process shows the device itself; else None."""
        return self._server

    def close(self) -> None:
        """Stop standing by; if this process shows the device now, stop showing it. Repeated calls
        do nothing."""
        if not self._is_open or os.getpid() != self._process:
            return
        atexit.unregister(self._at_exit)
        if self._stop.is_ours() and self._wake.is_ours():  # else the program has closed them
            os.write(self._stop.fileno(), b"x")
            self._thread.join()
        self.leave()
        if self._server is not None:
            self._server.close()
        elif os.environ.get(addresses.JOIN) == self.name:
            del os.environ[addresses.JOIN]

    def leave(self) -> None:
        """In a forked child, release what belongs to the parent."""
        self._holder.close()
        self._is_open = False
        self._wake.close()
        self._stop.close()

    # -- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._holder_goes():
                if self._take_over():
                    return
        except Exception:
            own_bug("device-failed", "a process could not stand by for its device")

    def _sleep(self, seconds: float | None, *, holder: bool = False) -> bool:
        """Wait for `seconds`, or, with `holder`, until the holder ends. Returns False if close() is
        called."""
        with new_selector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            if holder:  # it sends nothing unasked, so readable means that it has ended
                selector.register(self._holder, selectors.EVENT_READ)
            return all(key.fileobj is not self._wake for key, _ in selector.select(seconds))

    def _holder_goes(self) -> bool:
        if not self._sleep(None, holder=True):
            return False
        self._holder.close()
        return True

    def _take_over(self) -> bool:
        """Show the device, or connect to the process that does. Returns whether to stop."""
        pause = _FIRST_PAUSE
        while True:
            with quiet:
                try:
                    self._server = self._show()
                    return True
                except (PykcovError, OSError):  # another was faster, or has not ended yet
                    with contextlib.suppress(PykcovError, OSError):
                        self._holder = Link(self.name, Kind.LOOK, path=self.path)
                        keep_up()
                        return False
            if not self._sleep(pause):
                return True
            pause = min(2 * pause, _LONGEST_PAUSE)
