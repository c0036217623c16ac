"""What unit tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykcov.store import SymbolStore


@pytest.fixture
def store(tmp_path: Path) -> SymbolStore:
    """A symbol store of the test's own."""
    return SymbolStore(tmp_path / "symbols.sqlite")
