"""The lines of a trace are those that sys.settrace sees, for real programs.

Cut at each line they are the same. In the default blocks, a line that did not run may be claimed
where an exception left its block half-way, and nowhere else; none is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.live.ahead import Ahead
from tests.live.compare_lines import Comparison, Lines, Plain, Traced
from tests.live.sample import sample

PROGRAM = "tests.live.compare_lines"

pytestmark = pytest.mark.slow

# Every second workload is compared under one CPython only.
WORKLOADS = [
    pytest.param(*case.values, marks=[*case.marks, *([] if n % 2 else [pytest.mark.once])])
    for n, case in enumerate(sample())
]


def missing(lines: Lines, others: Lines) -> set[tuple[str, int]]:
    """The lines that the others lack."""
    return {(file, line) for file in lines for line in lines[file] - others.get(file, set())}


def unexplained(plain: Plain, traced: Traced) -> set[tuple[str, int]]:
    """Claimed lines that did not run, and that are in no block which an exception left."""
    extra = missing(traced.lines(), plain.seen)
    for file, lines in traced.blocks:
        if plain.left.get(file, set()) & set(lines):
            extra -= {(file, line) for line in lines}
    return extra


@pytest.fixture(scope="module")
def tally(note: Callable[[str], None]) -> Iterator[list[tuple[str, int]]]:
    """Workloads of which the default blocks were compared, each with its claims too many."""
    found: list[tuple[str, int]] = []
    yield found
    exact = sum(extra == 0 for _, extra in found)
    note(
        f"lines: {len(found)} workloads, all equal by line; {exact} by block, too, the others "
        f"with {sum(extra for _, extra in found)} lines in blocks that an exception left"
    )


@pytest.mark.parametrize("name", WORKLOADS)
def test_lines_are_the_oracles(name: str, ahead: Ahead, tally: list[tuple[str, int]]) -> None:
    extra = 0
    for comparison in ahead[name]:
        extra = max(extra, check(comparison))
    tally.append((name, extra))


def check(runs: Comparison) -> int:
    """Compare one workload's runs; return how many lines the default blocks claim too many."""
    assert runs.plain.seen, "the workload runs nothing of its subject"
    for traced in (runs.default, runs.by_line):
        assert not traced.left_out
        assert not traced.overflowed
    assert missing(runs.plain.seen, runs.by_line.lines()) == set()
    assert missing(runs.by_line.lines(), runs.plain.seen) == set()
    assert missing(runs.plain.seen, runs.default.lines()) == set()
    assert unexplained(runs.plain, runs.default) == set()
    return len(missing(runs.default.lines(), runs.plain.seen))
