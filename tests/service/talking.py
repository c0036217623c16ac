"""Processes that are talked to: a line on their stdin, and a line on their stdout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any, Self

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


_numbers = count()


class Service(Talking):
    """tests/service/shown.py, or another module that is like it, running."""

    def __init__(
        self,
        workers: int,
        method: str,
        *options: str,
        module: str = "tests.service.shown",
        before: Sequence[str] = (),
    ) -> None:
        """before: the words before its command."""
        self.name = f"service-{os.getpid()}-{next(_numbers)}"
        super().__init__(
            *before, sys.executable, "-m", module, self.name, str(workers), method, *options
        )
        assert self.line() == "ready"

    def begin(self, handle: int | str, n: int) -> None:
        """Have it run a request."""
        self.send(f"{handle} {n}")

    def request(self, handle: int | str, n: int) -> str:
        """Run one; returns what the service says of its section."""
        return self.ask(f"{handle} {n}")

    def descriptors(self) -> int:
        """Number of files that the service has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


Start = Callable[..., Service]


class Told(Talking):
    """tests/service/told.py, running."""

    def __init__(self) -> None:
        super().__init__(sys.executable, "-m", "tests.service.told")

    def send(self, source: str = "") -> None:
        super().send(json.dumps(dedent(source)))

    def answer(self) -> Any:
        return json.loads(self.line())

    def ask(self, source: str = "") -> Any:
        """Have it executed; returns what it leaves in `answer`."""
        self.send(source)
        return self.answer()

    def do(self, source: str) -> None:
        """Have it executed."""
        assert self.ask(source) is None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Its process, not that of a worker, is stopped meanwhile."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        self.process.send_signal(signal.SIGCONT)
        return super().end()


class Forking(Service):
    """tests/service/forking_program.py, running."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, "", module="tests.service.forking_program")
