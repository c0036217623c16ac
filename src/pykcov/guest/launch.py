"""Starting a guest: find the program, put a filter on it, get its listener."""

from __future__ import annotations

import errno
import mmap
import os
import platform
import re
import shutil
import socket
import struct
from collections.abc import Iterable, Mapping, Sequence

from pykcov.abi.seccomp import (
    SECCOMP_FILTER_FLAG_NEW_LISTENER,
    SECCOMP_FILTER_FLAG_SPEC_ALLOW,
    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
)
from pykcov.errors import PykcovError, fail
from pykcov.guest import filter as guest_filter
from pykcov.guest._host import Listener, launch
from pykcov.guest.needs import refused
from pykcov.kernel.kernel import SyscallHandler

# WAIT_KILLABLE_RECV: without it each signal that a handler takes ends the wait for the answer, and
# once it is restarted the call is made a second time: the supervisor would do it twice.
# SPEC_ALLOW: seccomp would otherwise switch speculation mitigations on, and the guest would run
# slower even where it makes no calls.
FLAGS = (
    SECCOMP_FILTER_FLAG_NEW_LISTENER
    | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    | SECCOMP_FILTER_FLAG_SPEC_ALLOW
)

_NO_EXEC = 4  # enum stage in csrc/guest.h


class Launched:
    """A program that has started, or waits to: its execve is the first call to be answered.

    watchdog, pid: of processes. listener: gets its calls. end: a socket; closing it ends it.
    abandoned: the watchdog was killed, and has not ended what the program started.
    """

    def __init__(
        self,
        path: bytes,
        argv: Sequence[str],
        env: Mapping[str, str],
        handlers: Mapping[int, SyscallHandler],
        blocked: Iterable[int],
    ) -> None:
        """Start the file `path`, with the signals of `blocked` blocked.

        handlers: what answers each call that is to be trapped.
        """
        self.path = path
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        words = tuple(map(os.fsencode, argv))
        pairs = tuple(os.fsencode(f"{name}={value}") for name, value in env.items())
        program = guest_filter.program({number: each.trap for number, each in handlers.items()})
        counts = bytearray(max(handlers) + 1)
        for number, handler in handlers.items():
            counts[number] = handler.arguments
        mask = sum(1 << (number - 1) for number in blocked)
        try:
            self.watchdog, self.pid, fd, end = launch(
                path, words, pairs, program, FLAGS, mask, self._page
            )
        except OSError as error:
            raise _refused(error) from error
        self.listener = Listener(fd, _release() < (6, 11), bytes(counts))
        self.end = socket.socket(fileno=end)
        self.abandoned = False

    def exec_error(self) -> OSError | None:
        """Return the error that the program's first execve() failed with, or None."""
        stage, error = struct.unpack("ii", self._page[:8])
        return fail(error) if stage == _NO_EXEC else None


def _release() -> tuple[int, ...]:
    """Return Linux's version: major and minor."""
    return tuple(map(int, re.findall(r"\d+", platform.release())[:2]))


def _refused(error: OSError) -> PykcovError:
    """Return an error that says why guests can't run on this host."""
    if error.filename == "seccomp" and error.errno == errno.EBUSY:
        why = "this process is a guest itself, and Linux allows one listener per process"
    elif error.filename == "seccomp" and error.errno == errno.EINVAL:
        why = (
            "guests need Linux 5.19 or newer (seccomp's WAIT_KILLABLE_RECV); "
            f"this is Linux {platform.release()}"
        )
    elif error.filename == "watchdog":
        why = "the guest, or the watchdog that starts it, was killed before the guest started"
    else:
        return refused(error.filename, error)
    return PykcovError("guests-unsupported", why)


def find_program(name: str) -> bytes:
    """Return the file of a command, found as by a shell.

    Raises PykcovError: command-missing.
    """
    found = shutil.which(name)
    if found is None:
        there = os.path.lexists(name) if "/" in name else False
        why = "is not executable" if there else "was not found"
        raise PykcovError("command-missing", f"the command {name} {why}")
    return os.fsencode(found)


def check_machine() -> None:
    """Raise PykcovError if guests can't run on this machine."""
    if platform.machine() != "x86_64":
        raise PykcovError(
            "guests-unsupported",
            f"guests need an x86_64 machine; this one is {platform.machine()}",
        )
