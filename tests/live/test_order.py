"""The order of a trace is that of the instructions at which blocks begin, for real programs.

What sys.monitoring says of the plain code's instructions is the order; heads.py, which shares
nothing with pykcov, says which of them begin a block.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from tests.live.ahead import Ahead
from tests.live.compare_order import Orders
from tests.live.sample import sample
from tests.live.uses import USES

PROGRAM = "tests.live.compare_order"

# Where the oracle itself can't see.
BLIND = {"profile": "there are no events of what a profiling function runs"}
# What iterates over sets of objects has no order of its own: addresses make it.
UNORDERED = {"asyncio.tasks"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.version_info < (3, 12), reason="this Python has no sys.monitoring, which says the order"
    ),
]

USABLE = [
    pytest.param(module, marks=pytest.mark.skip(BLIND[module]) if module in BLIND else ())
    for module in sample()
]


@pytest.fixture(scope="module")
def tally(note: Callable[[str], None]) -> Iterator[list[int]]:
    """Number of records that were compared, by module."""
    found: list[int] = []
    yield found
    note(f"order: {len(found)} modules in {sum(found)} records as the instructions have it")


def first_difference(one: array[int], other: array[int]) -> tuple[int, str, str] | None:
    """Where two orders differ, and in what."""
    for n, (a, b) in enumerate(zip_longest(one, other, fillvalue=0)):
        if a != b:
            return n, hex(a), hex(b)
    return None


@pytest.mark.parametrize("module", USABLE)
def test_order_is_the_instructions(module: str, ahead: Ahead, tally: list[int]) -> None:
    orders: Orders = ahead[module]
    assert not orders.overflowed
    assert orders.counts
    for mine, pykcovs in orders.counts.values():
        assert mine == pykcovs, "the two ways to find blocks do not find the same"
    if module in UNORDERED:
        assert Counter(orders.traced) == Counter(orders.expected)
    else:
        assert first_difference(orders.traced, orders.expected) is None
    assert orders.traced, "the workload runs nothing of the module"
    tally.append(len(orders.traced))


def test_names_of_exceptions_exist() -> None:
    assert BLIND.keys() | UNORDERED <= USES.keys()


def test_nothing_of_the_other_finder_comes_from_pykcov() -> None:
    text = Path(__file__).with_name("heads.py").read_text()
    assert "import pykcov" not in text
    assert "from pykcov" not in text
