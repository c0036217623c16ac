"""The system calls that guests need from the host, tested before a guest starts.

Containers and hardened hosts refuse single system calls. Without this a guest would start, and then
miss its device or wait forever. What only the guest's parent needs is tried by launch.c and
watchdog.c.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from pykcov.errors import PykcovError
from pykcov.guest.placeholders import Placeholders
from pykcov.kernel.files import Directory
from pykcov.kernel.interface import reopen

_SCOPE = Path("/proc/sys/kernel/yama/ptrace_scope")
_LOOK_INSIDE = ("pidfd_getfd", "process_vm_readv", "process_vm_writev")  # as ptrace's rights are


def refused(call: str, error: OSError) -> PykcovError:
    """Return the error that says which call the host refused."""
    why = f"the host refuses a system call that guests need: {call}: {error.strerror}"
    if call in _LOOK_INSIDE:
        with suppress(OSError, ValueError):  # a host without Yama
            why += f" (kernel.yama.ptrace_scope is {int(_SCOPE.read_text())})"
    return PykcovError("guests-unsupported", why)


def check_host() -> None:
    """Make each system call that a supervisor depends on. Raises PykcovError: guests-unsupported.

    prlimit64 is not among them: with the limits that there are, guests run too.
    """
    with _named("memfd_create"):
        fd = os.memfd_create("pykcov", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for name, call in _calls(fd).items():
            with _named(name):
                call()
    finally:
        os.close(fd)


def _calls(memfd: int) -> dict[str, Callable[[], object]]:
    pid = os.getpid()

    def pidfd() -> int:
        with _named("pidfd_open"):
            return os.pidfd_open(pid)

    def send_signal() -> None:
        fd = pidfd()
        try:
            signal.pidfd_send_signal(fd, 0)
        finally:
            os.close(fd)

    def watch() -> None:
        with closing(Placeholders()) as placeholders:
            file = Directory({}).open(None, os.O_RDONLY, "/")  # type: ignore[arg-type]
            with _named("inotify_add_watch"):
                placeholders.add(file, memfd)

    return {
        "fchmod": lambda: os.fchmod(memfd, 0o600),
        "fcntl(F_ADD_SEALS)": lambda: fcntl.fcntl(memfd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW),
        "open of /proc/self/fd": lambda: os.close(reopen(memfd, os.O_RDONLY)),
        "pidfd_send_signal": send_signal,
        "inotify_init1": watch,
        "rt_sigtimedwait": lambda: signal.sigtimedwait((), 0),
    }


@contextmanager
def _named(call: str) -> Iterator[None]:
    """Name the call that the host refuses."""
    try:
        yield
    except OSError as error:
        raise refused(call, error) from error
