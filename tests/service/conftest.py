"""Services run in processes of their own; this one is their client."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from tests.service.talking import ROOT as ROOT
from tests.service.talking import Talking

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
