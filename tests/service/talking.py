"""Processes that are talked to: a line on their stdin, and a line on their stdout."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]


class Talking:
    """One, running `words`. At the end of a `with` its stdin is closed, which is to end it."""

    def __init__(
        self, *words: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
    ) -> None:
        """env: what it has in its environment beside ours."""
        self.process = subprocess.Popen(
            words,
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def line(self) -> str:
        """Wait for its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def send(self, line: str = "") -> None:
        """Tell it something."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")

    def ask(self, line: str = "") -> str:
        """Tell it something; return what it says next."""
        self.send(line)
        return self.line()

    def end(self) -> int:
        """Close its stdin, and return its exit code."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        return self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.process.stdout is not None
        with ExitStack() as stack:
            stack.callback(self.process.stdout.close)
            self.end()
