"""What each ioctl checks and does, as data. docs/device.md is generated from it.

All checks are made, in the order of the rows, before anything is changed.
"""

from __future__ import annotations

import errno
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pykcov.abi.kcov import (
    ENOTSUPP,
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_MODE_DISABLED,
    KCOV_MODE_INIT,
    KCOV_MODE_REMOTE,
    KCOV_MODE_TRACE_CMP,
    KCOV_MODE_TRACE_PC,
    KCOV_MODE_UNIQUE_PC,
    KCOV_REMOTE_ENABLE,
    KCOV_REMOTE_MAX_HANDLES,
    KCOV_RESET_TRACE,
    KCOV_TRACE_CMP,
    KCOV_TRACE_PC,
    KCOV_UNIQUE_ENABLE,
    SIZE_MAX,
    SIZE_MIN,
    WORD,
)
from pykcov.device.kcov import Kcov
from pykcov.device.remote_arg import RemoteArg
from pykcov.device.sections import HANDLES
from pykcov.device.task import Task
from pykcov.errors import fail
from pykcov.symbols.active import comparisons_in_force

MODES = {
    KCOV_MODE_DISABLED: "DISABLED",
    KCOV_MODE_INIT: "INIT",
    KCOV_MODE_TRACE_PC: "TRACE_PC",
    KCOV_MODE_TRACE_CMP: "TRACE_CMP",
    KCOV_MODE_REMOTE: "REMOTE",
    KCOV_MODE_UNIQUE_PC: "UNIQUE_PC",
}

# What records a task's own code; over a socket, all threads. KCOV_REMOTE_ENABLE records sections.
ENABLES = (KCOV_ENABLE, KCOV_UNIQUE_ENABLE)

_U64 = 2**64 - 1


def _word(arg: object) -> int:
    """An argument by value."""
    if not isinstance(arg, int):
        raise fail(errno.EINVAL)
    return arg & _U64


@dataclass(frozen=True)
class Check:
    """The ioctl fails with `error` if `fails` is true; `when` describes the condition."""

    error: int
    when: str
    fails: Callable[[Kcov, Task, Any], bool]


@dataclass(frozen=True)
class Transition:
    """One ioctl: its checks, in order, then its effect, and the possible modes after it; if none,
    the mode is unchanged.

    decode: converts the argument for checks and effect. It may raise OSError; `undecodable` says
    with which errno, and when.
    """

    request: int
    name: str
    argument: str
    checks: tuple[Check, ...]
    effect: Callable[[Kcov, Task, Any], None]
    after: tuple[int, ...]
    decode: Callable[[object], Any] = _word
    undecodable: tuple[tuple[int, str], ...] = ()

    def do(self, kcov: Kcov, task: Task, value: Any) -> None:
        """Check everything, then do it. Raises OSError. Preconditions: kcov.shared is held."""
        for check in self.checks:
            if check.fails(kcov, task, value):
                raise fail(check.error)
        self.effect(kcov, task, value)


def _cannot_allocate(size: int) -> bool:
    """Is there no room for an area of `size` words in this process?

    Tries a read-only mapping, for which the kernel reserves no memory.
    """
    try:
        mmap.mmap(-1, size * WORD, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ).close()
    except (OSError, MemoryError):
        return True
    return False


def _enabling(mode_of: Callable[[Any], int]) -> tuple[Check, ...]:
    """The checks of every ENABLE. mode_of: returns the trace mode in its argument."""
    return (
        Check(
            errno.EINVAL,
            "the descriptor is not inited, or is enabled, by anyone",
            lambda kcov, task, arg: kcov.mode != KCOV_MODE_INIT,
        ),
        Check(
            errno.EBUSY,
            "the calling task has another kcov enabled",
            lambda kcov, task, arg: task.is_recorded(),
        ),
        Check(
            errno.EINVAL,
            "it is no trace mode",
            lambda kcov, task, arg: mode_of(arg) not in (KCOV_TRACE_PC, KCOV_TRACE_CMP),
        ),
        Check(
            ENOTSUPP,
            "it is KCOV_TRACE_CMP, and no comparison is instrumented",
            lambda kcov, task, arg: mode_of(arg) == KCOV_TRACE_CMP and not comparisons_in_force(),
        ),
    )


_BY_OWNER = (
    Check(errno.EINVAL, "the argument is not 0", lambda kcov, task, arg: arg != 0),
    Check(
        errno.EINVAL,
        "the calling task is not the one that enabled this descriptor",
        lambda kcov, task, arg: task.kcov is not kcov,
    ),
)

TRANSITIONS = (
    Transition(
        KCOV_INIT_TRACE,
        "KCOV_INIT_TRACE",
        "size of the area in words, by value",
        (
            Check(
                errno.EINVAL,
                f"size is below {SIZE_MIN} or above INT_MAX/{WORD}",
                lambda kcov, task, arg: not SIZE_MIN <= arg <= SIZE_MAX,
            ),
            Check(
                errno.ENOMEM,
                "the area cannot be had",
                lambda kcov, task, arg: _cannot_allocate(arg),
            ),
            Check(
                errno.EBUSY,
                "the descriptor was inited before",
                lambda kcov, task, arg: kcov.mode != KCOV_MODE_DISABLED,
            ),
        ),
        lambda kcov, task, arg: kcov.init(arg),
        (KCOV_MODE_INIT,),
    ),
    Transition(
        KCOV_ENABLE,
        "KCOV_ENABLE",
        "KCOV_TRACE_PC or KCOV_TRACE_CMP",
        _enabling(lambda arg: arg),
        lambda kcov, task, arg: kcov.enable(task, arg),
        (KCOV_MODE_TRACE_PC, KCOV_MODE_TRACE_CMP),
    ),
    Transition(
        KCOV_REMOTE_ENABLE,
        "KCOV_REMOTE_ENABLE",
        "struct kcov_remote_arg, by address; in process its bytes",
        (
            *_enabling(lambda arg: arg.trace_mode),
            Check(
                errno.EINVAL,
                "a handle is malformed or of no known subsystem",
                lambda kcov, task, arg: arg.refused(HANDLES) == errno.EINVAL,
            ),
            Check(
                errno.EEXIST,
                "a handle is registered already; of these two what comes first in the struct",
                lambda kcov, task, arg: arg.refused(HANDLES) == errno.EEXIST,
            ),
        ),
        lambda kcov, task, arg: kcov.enable_remote(task, arg),
        (KCOV_MODE_REMOTE,),
        RemoteArg.decode,
        (
            (errno.EFAULT, "the struct can't be read"),
            (errno.EINVAL, f"num_handles is above {KCOV_REMOTE_MAX_HANDLES:#x}"),
        ),
    ),
    Transition(
        KCOV_UNIQUE_ENABLE,
        "KCOV_UNIQUE_ENABLE",
        "words of the bitmap, by value",
        (
            Check(
                errno.EINVAL,
                "it is 0, or leaves the trace less than 2 words of the area",
                lambda kcov, task, arg: not 0 < arg < kcov.shared.size - 1,
            ),
            *_enabling(lambda arg: KCOV_TRACE_PC)[:2],  # there is no mode to look at
        ),
        lambda kcov, task, arg: kcov.enable(task, bitmap_words=arg),
        (KCOV_MODE_UNIQUE_PC,),
    ),
    Transition(
        KCOV_RESET_TRACE,
        "KCOV_RESET_TRACE",
        "0",
        _BY_OWNER,
        lambda kcov, task, arg: kcov.reset(),
        (),
    ),
    Transition(
        KCOV_DISABLE,
        "KCOV_DISABLE",
        "0",
        _BY_OWNER,
        lambda kcov, task, arg: kcov.disable(task),
        (KCOV_MODE_INIT,),
    ),
)

BY_REQUEST = {transition.request: transition for transition in TRANSITIONS}


def document() -> str:
    """Return the table as Markdown."""
    lines = [
        "# The device's ioctls",
        "",
        "Printed from `pykcov.device.ioctls` by `make docs`. Everything is",
        "checked, in this order, before anything changes. Any other request is ENOTTY. What",
        "KCOV_UNIQUE_ENABLE and KCOV_RESET_TRACE do to the area is in [unique.md](unique.md).",
        "",
        "| ioctl | number | argument | fails with | when | mode after |",
        "|---|---|---|---|---|---|",
    ]
    for row in TRANSITIONS:
        head = f"`{row.name}` | `{row.request:#x}` | {row.argument}"
        failures = [*row.undecodable, *((check.error, check.when) for check in row.checks)]
        for error, when in failures:
            name = errno.errorcode.get(error, "ENOTSUPP (524)")
            lines.append(f"| {head} | {name} | {when} | |")
            head = " | |"
        after = " or ".join(MODES[mode] for mode in row.after) or "as before"
        lines.append(f"| {head} | | otherwise | {after} |")
    lines += [
        "",
        "## mmap",
        "",
        "`mmap(length)` maps the area, any number of times. It fails with EINVAL before",
        "KCOV_INIT_TRACE, for an offset other than 0, and for a length that, rounded up to pages,",
        "is not the area's: an area of a size that is no multiple of a page can't be mapped.",
        "",
        "The ioctls are methods of the descriptor. To the kernel its `fileno()` is a sealed memfd:",
        "who has it may map it, read it and store into it, but ioctl(2) on it is ENOTTY.",
    ]
    return "\n".join(lines) + "\n"
