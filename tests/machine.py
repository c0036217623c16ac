"""What a machine, or its CPython, may lack: tests that need it are skipped by name."""

from __future__ import annotations

import importlib.util
import os
import pty
import sysconfig
from pathlib import Path

import pytest


def need_terminals() -> None:
    """Skip the test where no pseudo terminal can be opened, as in a bare chroot."""
    try:
        ends = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo terminals: {error}")
    for end in ends:
        os.close(end)


def _has_a_linked_sitecustomize() -> bool:
    found = importlib.util.find_spec("sitecustomize")
    if found is None or found.origin is None:
        return False
    library = Path(sysconfig.get_path("stdlib"))
    origin = Path(found.origin)
    return origin.is_relative_to(library) and not origin.resolve().is_relative_to(library.resolve())


# Debian's is a link into /etc, so pykcov takes it for a file of the program's, and tells the user
# that it got no probes.
linked_sitecustomize = pytest.mark.xfail(
    _has_a_linked_sitecustomize(),
    reason="pykcov run names this Python's sitecustomize.py, which is a link out of its library",
)
