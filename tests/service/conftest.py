"""Services run in processes of their own; this one is their client."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_numbers = count()


class Service:
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
        self.process = subprocess.Popen(
            [
                *before,
                sys.executable,
                "-m",
                module,
                self.name,
                str(workers),
                method,
                *options,
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def send(self, handle: int | str, n: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{handle} {n}\n")

    def request(self, handle: int | str, n: int) -> str:
        """Run one; returns what the service says of its section."""
        self.send(handle, n)
        return self.line()

    def ask(self, line: str) -> str:
        """Send a line; returns the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        return self.line()

    def descriptors(self) -> int:
        """Number of files that the service has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exc: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with ExitStack() as stack:
            stack.callback(self.process.wait, 20)
            stack.callback(self.process.stdout.close)
            with suppress(BrokenPipeError):
                self.process.stdin.close()


@pytest.fixture(scope="session", autouse=True)
def _devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("devices")
    folder.chmod(0o700)
    before = os.environ.get("PYKCOV_DEVICES")
    os.environ["PYKCOV_DEVICES"] = str(folder)
    yield
    if before is None:
        del os.environ["PYKCOV_DEVICES"]
    else:
        os.environ["PYKCOV_DEVICES"] = before


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """Servers and frameworks configure logging, and disable the loggers that are there."""
    yield
    for name in logging.root.manager.loggerDict:
        if name.startswith("pykcov"):
            logging.getLogger(name).disabled = False


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    """Start services, with a number of workers; they end with the test."""
    with ExitStack() as stack:

        def start(workers: int = 0, method: str = "fork", *options: str) -> Service:
            return stack.enter_context(Service(workers, method, *options))

        yield start
