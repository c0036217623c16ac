"""Commands that tests run to their end, and the C compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

Done = subprocess.CompletedProcess[str]


def run(
    *command: str | Path,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
    status: int | None = None,
    **more: Any,
) -> Done:
    """Run a command, and keep what it prints, as text.

    folder: where; env: what it has in its environment beside ours; status: what it has to end with,
    or None, if the test looks itself. Further keywords are subprocess.run()'s; timeout: 5 minutes.
    """
    done: Done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(env or {})},
        **{"capture_output": True, "text": True, "check": False, "timeout": 300, **more},
    )
    assert status is None or done.returncode == status, (done.returncode, done.stderr)
    return done


def python(*words: str | Path, **more: Any) -> Done:
    """Run this Python; keywords are run()'s."""
    return run(sys.executable, *words, **more)


def pykcov(*words: str | Path, **more: Any) -> Done:
    """Run the command line of pykcov; keywords are run()'s."""
    return python("-m", "pykcov", *words, **more)


def compiler() -> str:
    """Return the C compiler's path; skips the test where there is none."""
    found = shutil.which(os.environ.get("CC", "cc"))
    if found is None:
        pytest.skip("needs a C compiler (cc)")
    return found
