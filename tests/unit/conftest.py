"""What unit tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.packages import Package, packages

from pykcov.instrumentation import session
from pykcov.symbols.store import SymbolStore


@pytest.fixture
def store(tmp_path: Path) -> SymbolStore:
    """A symbol store of the test's own."""
    return SymbolStore(tmp_path / "symbols.sqlite")


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    """A package that can be imported and changed."""
    with packages(tmp_path / "path") as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_stays_instrumented() -> Iterator[None]:
    before = session._active[:]
    yield
    left = [handle for handle in session._active if handle not in before]
    for handle in left:
        handle.undo()
    assert not left
