"""The order of a trace is that of the instructions at which blocks begin, for real programs.

What sys.monitoring says of the plain code's instructions is the order; heads.py, which shares
nothing with pykcov, says which of them begin a block.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from tests.live.ahead import Ahead
from tests.live.compare_order import Orders
from tests.live.sample import sample

PROGRAM = "tests.live.compare_order"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.version_info < (3, 12), reason="this Python has no sys.monitoring, which says the order"
    ),
]


@pytest.fixture(scope="module")
def tally(note: Callable[[str], None]) -> Iterator[list[int]]:
    """Number of records that were compared, by workload."""
    found: list[int] = []
    yield found
    note(f"order: {len(found)} workloads in {sum(found)} records as the instructions have it")


def first_difference(one: array[int], other: array[int]) -> tuple[int, str, str] | None:
    """Where two orders differ, and in what."""
    for n, (a, b) in enumerate(zip_longest(one, other, fillvalue=0)):
        if a != b:
            return n, hex(a), hex(b)
    return None


@pytest.mark.parametrize("name", sample())
def test_order_is_the_instructions(name: str, ahead: Ahead, tally: list[int]) -> None:
    orders: Orders = ahead[name]
    assert not orders.overflowed
    assert orders.counts
    for mine, pykcovs in orders.counts.values():
        assert mine == pykcovs, "the two ways to find blocks do not find the same"
    assert first_difference(orders.traced, orders.expected) is None
    assert orders.traced, "the workload runs nothing of its subject"
    tally.append(len(orders.traced))


def test_nothing_of_the_other_finder_comes_from_pykcov() -> None:
    text = Path(__file__).with_name("heads.py").read_text()
    assert "import pykcov" not in text
    assert "from pykcov" not in text
