"""Messages on stderr while the user's program runs, printed only if stderr is still the original.

The program may have closed descriptor 2; a line left in the buffer would then make Python exit with
status 120. Or it may have opened a file of its own there, where pykcov's lines don't belong.
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
    """Print one or more lines on sys.stderr. Does nothing if there is none, or if it leads to a
    descriptor 2 that has been closed or now refers to another file."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or the program's
        stderr: Any = sys.stderr
        if stderr is None:
            return
        try:
            number = stderr.fileno()
        except (OSError, ValueError, AttributeError):
            number = -1  # in memory
        if number != 2 or (_at_first is not None and _file() == _at_first):
            stderr.write(f"{text}\n")
            stderr.flush()
