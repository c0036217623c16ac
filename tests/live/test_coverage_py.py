"""coverage.py measures the same with pykcov beside it as without: lines and arcs, each core."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.live.ahead import Ahead
from tests.live.compare_coverage import Data
from tests.live.sample import sample

PROGRAM = "tests.live.compare_coverage"

# Library code that pykcov itself runs while coverage.py measures that very code.
PYKCOVS_OWN = {"contextlib", "json.encoder", "pathlib", "pathlib._local"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tally(note: Callable[[str], None]) -> Iterator[list[int]]:
    """Number of lines and arcs that were compared, by workload."""
    found: list[int] = []
    yield found
    note(f"coverage.py: {len(found)} workloads, {sum(found)} lines and arcs the same beside pykcov")


def count(data: Data) -> int:
    """Number of lines or arcs."""
    return sum(map(len, data.values()))


@pytest.mark.parametrize("name", sample(4, PYKCOVS_OWN))
def test_the_same_data(name: str, ahead: Ahead, tally: list[int]) -> None:
    answers: dict[tuple[str, bool], tuple[Data, Data]] = ahead[name]
    assert ("ctrace", True) in answers
    for plain, beside in answers.values():
        assert beside == plain
    assert all(count(plain) for plain, _ in answers.values())
    tally.append(sum(count(plain) for plain, _ in answers.values()))
