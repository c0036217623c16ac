"""Runs that the tests of one file share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.live.ahead import Ahead


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest) -> Iterator[Ahead]:
    """Answers of the test module's PROGRAM for the workloads that were selected."""
    names = [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.module is request.module
        and hasattr(item, "callspec")
        and not item.get_closest_marker("skip")
    ]
    runs = Ahead(request.module.PROGRAM, dict.fromkeys(names))
    yield runs
    runs.close()
