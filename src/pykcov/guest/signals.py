"""Waiting for a guest's end while signals go through to it.

A signal from the terminal (Ctrl-C) reaches the guest by itself: it is in the same process group.
Only what somebody sent to this process alone is passed on, so that nothing comes twice.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
from collections.abc import Iterable
from types import TracebackType

from pykcov.errors import PykcovError
from pykcov.guest.launch import Launched

_SI_KERNEL = 0x80  # si_code of a signal that the terminal's driver sends
_STATUS = struct.Struct("i")
_LOOK = 0.2  # seconds between two looks at the watchdog, should its SIGCHLD not come to this thread

# What ends or steers a program, and this one would not survive. Stopping is left to the terminal.
ALL = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGWINCH,
)


class Signals:
    """Context: the calling thread, and those it starts, leave `forward` to wait().

    before: the signals that were blocked before it.
    """

    def __init__(self, forward: Iterable[signal.Signals]) -> None:
        self._forward = frozenset(forward)
        self._status: int | None = None

    def __enter__(self) -> Signals:
        blocked = {*self._forward, signal.SIGCHLD} if self._forward else ()
        self.before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.before)

    def wait(self, launched: Launched) -> int:
        """Wait until the guest, and all that it started, has ended; return its exit code.

        Whatever ends this early ends the guest. Raises PykcovError: command-unusable.
        """
        try:
            while not self._ended(launched):
                if self._forward:
                    self._pass_on(launched)
        finally:
            launched.end.close()
            launched.abandoned = os.waitpid(launched.watchdog, 0)[1] != 0
        error = launched.exec_error()
        if error is not None:
            raise PykcovError(
                "command-unusable", f"{os.fsdecode(launched.path)} does not run: {error.strerror}"
            )
        if self._status is None:
            return 128 + signal.SIGKILL  # the watchdog was killed
        code = os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else 128 - code

    def _ended(self, launched: Launched) -> bool:
        """Read what the watchdog says; without signals to look for, wait for it."""
        launched.end.setblocking(not self._forward)
        try:
            message = launched.end.recv(_STATUS.size)
        except BlockingIOError:
            return False
        if message:
            self._status = _STATUS.unpack(message)[0]
        return not message

    def _pass_on(self, launched: Launched) -> None:
        got = signal.sigtimedwait({*self._forward, signal.SIGCHLD}, _LOOK)
        if got is None or got.si_signo == signal.SIGCHLD or got.si_code == _SI_KERNEL:
            return
        if self._status is None and not self._ended(launched):
            with contextlib.suppress(ProcessLookupError):
                os.kill(launched.pid, got.si_signo)
