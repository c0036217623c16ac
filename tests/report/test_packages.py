"""Of real packages' own test suites, coverage.py and pykcov report the same executed lines and
branches."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.report.compare_packages import PACKAGES, UnavailableError, compare, differences, fetched

pytestmark = pytest.mark.once

SMALL = "pluggy"
SOAK = os.environ.get("PYKCOV_SOAK") == "1"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pykcov-packages-") as name:
        yield Path(name).resolve()


def test_differences_are_named(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\nif x:\n    y = 2\n", encoding="utf-8")
    found = differences(tmp_path, {"a.py": {1, 2}}, {"a.py": {1, 2, 3}, "b.py": {1}})
    assert list(map(str, found)) == ["a.py:3: only pykcov: y = 2", "b.py:1: only pykcov: x = 1"]
    found = differences(tmp_path, {"a.py": {(2, 3), 2}}, {"a.py": {(2, -1), 2}})
    assert list(map(str, found)) == [
        "a.py:2->-1: only pykcov: if x:", "a.py:2->3: only coverage.py: if x:",
    ]  # fmt: skip
    found = differences(tmp_path, {"a.py": {1}}, {})
    assert list(map(str, found)) == ["a.py:1: only coverage.py: x = 1"]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [False, True], ids=["plain", "settings"])
@pytest.mark.parametrize("name", PACKAGES)
def test_the_same_lines(
    name: str, settings: bool, folder: Path, note: Callable[[str], None]
) -> None:
    if name != SMALL and not SOAK:
        pytest.skip("one package is enough where PYKCOV_SOAK is not 1")
    package = PACKAGES[name]
    try:
        fetched(package, folder)
    except UnavailableError as error:
        pytest.skip(f"{name} can't be downloaded: {error}")
    compared = compare(package, folder, settings=settings)
    note(f"packages: {compared}{' (its own settings)' if settings else ''}")
    assert compared.lines > 100
    assert compared.branches > 50 or settings, "which may have none"
    assert not compared.differences, "\n".join(map(str, compared.differences))
