"""Memory that sections leave behind: used again, and bounded, whatever sizes clients choose."""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from pykcov.abi.kcov import WORD
from pykcov.device.idle import Idle

PAGE = mmap.PAGESIZE


def test_what_was_given_back_is_used_again() -> None:
    idle = Idle(10 * PAGE)
    first, other = idle.take(100), idle.take(200)
    first[:WORD] = b"\xff" * WORD
    idle.give_back(first)
    idle.give_back(other)
    assert idle.total == 300 * WORD
    assert idle.take(100) is first
    assert first[:WORD] == bytes(WORD)
    assert idle.take(100) is not first
    assert idle.take(200) is other
    assert idle.total == 0


@given(st.lists(st.tuples(st.integers(2, 5000), st.booleans()), max_size=60))
def test_never_more_than_the_bound(steps: list[tuple[int, bool]]) -> None:
    idle, taken = Idle(5 * PAGE), []
    for size, take in steps:
        if take:
            taken.append(idle.take(size))
            assert len(taken[-1]) == size * WORD
        elif taken:
            idle.give_back(taken.pop(size % len(taken)))
        kept = [words for same in idle._by_size.values() for words in same]
        assert idle.total == sum(map(len, kept)) <= idle.most
        assert not {id(words) for words in kept} & {id(words) for words in taken}


def test_what_was_given_back_longest_ago_goes_first() -> None:
    idle = Idle(100 * WORD)
    buffers = {size: idle.take(size) for size in (40, 30, 20, 50, 101)}
    for size in (40, 30, 20, 101):  # the last is larger than all that is kept
        idle.give_back(buffers[size])
    assert idle.total == 90 * WORD
    assert idle.take(40) is buffers[40]
    idle.give_back(buffers[40])
    idle.give_back(buffers[50])
    assert list(idle._by_size) == [40 * WORD, 50 * WORD]
    assert idle.total == 90 * WORD


def test_threads() -> None:
    idle = Idle(1 << 16)

    def work(seed: int) -> None:
        for n in range(2000):
            idle.give_back(idle.take(2 + (seed * n) % 300))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(1, 5)))
    kept = [words for same in idle._by_size.values() for words in same]
    assert idle.total == sum(map(len, kept)) <= idle.most


def test_a_forked_child_begins_with_none() -> None:
    idle = Idle(1 << 16)
    idle.give_back(idle.take(100))
    with idle._lock:  # another thread may have it
        pid = os.fork()
        if pid == 0:
            idle.clear()
            idle.give_back(idle.take(50))
            os._exit(idle.total != 50 * WORD)
    assert os.waitpid(pid, 0)[1] == 0
