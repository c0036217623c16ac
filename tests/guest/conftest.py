"""Guests run as people run them: `pykcov guest` in a process of its own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guest.running import Guests

from pykcov.errors import PykcovError
from pykcov.guest.launch import check_machine


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
