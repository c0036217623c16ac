"""Guests run as people run them: `pykcov guest` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class Guests:
    """Runs guests; they have one symbol store."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.env = {**os.environ, "PYKCOV_STORE": str(store)}

    def command(
        self, *argv: Any, kernel: str | Path | None = None, options: tuple[str, ...] = ()
    ) -> list[str]:
        """The command line for `argv`; kernel: a file's path, or its name in kernels/."""
        words = [sys.executable, "-m", "pykcov", "guest", *options]
        if kernel is not None:
            words += ["--kernel", str(HERE / "kernels" / kernel)]
        return [*words, "--", *map(str, argv)]

    def run(
        self,
        *argv: Any,
        kernel: str | Path | None = None,
        options: tuple[str, ...] = (),
        **more: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Run one, with its output captured; further keywords are subprocess.run's."""
        defaults = {"text": True, "timeout": 60, "check": False, "env": self.env}
        if "stdout" not in more:
            defaults["capture_output"] = True
        return subprocess.run(
            self.command(*argv, kernel=kernel, options=options), **{**defaults, **more}
        )
