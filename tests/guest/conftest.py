"""Guests run as people run them: `pykcov guest` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.guest.facts import Clients

from pykcov.errors import PykcovError
from pykcov.guest.launch import check_machine

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


def _why_not(guests: Guests) -> str:
    """Why guests are not possible here; empty when they are."""
    try:
        check_machine()
    except PykcovError as error:
        return str(error)
    done = guests.run("true")
    return done.stderr.strip() if "[guests-unsupported]" in done.stderr else ""


@pytest.fixture(scope="session")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Guests:
    """Skips, with the reason, where guests are not possible."""
    found = Guests(tmp_path_factory.mktemp("store") / "symbols.sqlite")
    why = _why_not(found)
    if why:
        pytest.skip(why)
    return found


@pytest.fixture
def native() -> Iterator[Path]:
    """A directory of the host's, on a tmpfs if there is one."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    """The programs in clients/, compiled once."""
    return Clients(tmp_path_factory.mktemp("clients"))
