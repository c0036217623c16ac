"""Runs that the tests of one file share, and what they count."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.live.ahead import Ahead

_COUNTS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest) -> Iterator[Ahead]:
    """Answers of the test module's PROGRAM for the modules that were selected."""
    modules = [
        str(item.callspec.params["module"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.module is request.module
        and hasattr(item, "callspec")
    ]
    runs = Ahead(request.module.PROGRAM, dict.fromkeys(modules))
    yield runs
    runs.close()


@pytest.fixture(scope="session")
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say something in pytest's summary."""
    lines = request.config.stash.setdefault(_COUNTS, [])
    return lines.append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash.get(_COUNTS, []):
        terminalreporter.write_line(line)
