"""The default location of a user's symbol store."""

from __future__ import annotations

import os
from pathlib import Path

# default_path() for a user without a home. Commands that need no store run with it; opening it is
# an error. A store in /tmp instead might be gone by the time its traces are read.
HOMELESS = Path("~/.local/share/pykcov/symbols.sqlite")


def default_path() -> Path:
    """Return PYKCOV_STORE, or symbols.sqlite in pykcov's folder under XDG_DATA_HOME."""
    if named := os.environ.get("PYKCOV_STORE"):
        return Path(named)
    if data := os.environ.get("XDG_DATA_HOME"):
        return Path(data) / "pykcov" / "symbols.sqlite"
    try:
        return HOMELESS.expanduser()
    except RuntimeError:  # neither HOME nor an entry in the list of users
        return HOMELESS
