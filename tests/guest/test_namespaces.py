"""A guest in namespaces of its own hears the numbers that Linux would tell it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.guest.conftest import Guests
from tests.guest.differential import same
from tests.guest.facts import Clients


@pytest.fixture
def unprivileged(clients: Clients, tmp_path: Path) -> Path:
    """The client; skips where namespaces cannot be made."""
    program = clients["namespaces"]
    done = subprocess.run([program, tmp_path], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(f"no namespaces here: {done.stdout.splitlines()[-1]}")
    return program


def test_numbers_in_namespaces(guests: Guests, native: Path, unprivileged: Path) -> None:
    said = same(guests, native, unprivileged, "DIR")
    assert "first: 1, parent 0\n" in said
    assert "second: 2, parent 1\n" in said
    assert "no map: leader 1, kill 0, tgkill 0, ids 65534 65534 65534 65534\n" in said
    assert "mapped: leader 1, kill 0, tgkill 0, ids 0 0 0 0\n" in said
    assert os.getuid() != 0 or "before f: opened, of 0:0" in said
