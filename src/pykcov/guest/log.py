"""What a supervisor tells of calls, and of kernels that are wrong."""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Sequence

from pykcov.abi.seccomp import SECCOMP_USER_NOTIF_FLAG_CONTINUE
from pykcov.abi.syscalls import NAME

log = logging.getLogger("pykcov.guest")

Answer = tuple[int, int, int]  # value, negative errno, flags
CONTINUE: Answer = (0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE)

_warned: set[str] = set()


def call(tid: int, number: int, args: Sequence[int], answer: Answer) -> None:
    """Log a call and its answer, as strace would."""
    value, error, _ = answer
    if answer is CONTINUE:
        result = "the host's"
    else:
        result = errno.errorcode.get(-error, str(-error)) if error else hex(value)
    log.debug("%d %s(%s) = %s", tid, NAME[number], ", ".join(map(hex, args)), result)


def failed(number: int, result: object = None) -> Answer:
    """Say that a kernel's method is wrong; return what the guest gets. Serving goes on."""
    if sys.exception() is None:
        log.error("%s: the kernel's method returned %r; the guest gets EIO", NAME[number], result)
    else:
        log.exception("%s: the kernel's method failed; the guest gets EIO", NAME[number])
    return 0, -errno.EIO, 0


def warn_once(text: str, error: OSError) -> None:
    """Warn of what a guest can make happen again and again."""
    if text not in _warned:
        _warned.add(text)
        log.warning("%s: %s", text, error)
