"""What pykcov says on stderr while a program runs in its process: only where that is still stderr.

A program may have closed descriptor 2, and then a line that is kept in a buffer makes Python end
with status 120; or have opened a file of its own there, which is no place for pykcov's lines.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any


def _file() -> tuple[int, int] | None:
    try:
        found = os.fstat(2)
    except OSError:
        return None
    return found.st_dev, found.st_ino


_at_first = _file()


def say(text: str) -> None:
    """Print a line, or more, on sys.stderr, if there is one; not where that leads to a descriptor 2
    that has been closed or has become another file."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or of the program's
        stderr: Any = sys.stderr
        if stderr is None:
            return
        try:
            number = stderr.fileno()
        except (OSError, ValueError, AttributeError):
            number = -1  # one in memory
        if number != 2 or (_at_first is not None and _file() == _at_first):
            stderr.write(f"{text}\n")
            stderr.flush()
