"""Tests have a symbol store of their own, pykcov's own bugs raise, and leaked references fail."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pykcov import errors, refs

# Set before anything is instrumented, and for the processes that tests start.
os.environ["PYKCOV_STORE"] = str(Path(tempfile.mkdtemp(prefix="pykcov-test-")) / "symbols.sqlite")
errors.raise_own_bugs = True
refs.set_leak_mode(refs.LeakMode.RAISE)


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    before = {id(item) for item in refs.live()}
    yield
    leaked = [item.leak_message() for item in refs.live() if id(item) not in before]
    assert not leaked, leaked
