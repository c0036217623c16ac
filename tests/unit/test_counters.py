"""Counters: how often each block was hit, and which since last time."""

from __future__ import annotations

import resource
import struct
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.commands import python
from tests.unit.cores import A, B, C, Recording, attached, hit

from pykcov import probe

PROBES = [probe.Probe(0x1000 + 8 * n) for n in range(40)]


def pcs(counters: probe.Counters, most: int = 2**40) -> list[int]:
    return array("Q", counters.pcs(most)).tolist()


def counting() -> Recording:
    return Recording(blocks=True)


def counters_of(made: Recording) -> probe.Counters:
    assert made.recorder.counters is not None
    return made.recorder.counters


def test_order_of_first_hits() -> None:
    with attached(counting()) as made:
        hit(B, A, B, C, A, B)
    counters = counters_of(made)
    assert counters.hits() == [(B.pc, 3), (A.pc, 2), (C.pc, 1)]
    assert (len(counters), pcs(counters)) == (3, [B.pc, A.pc, C.pc])
    assert made.pcs == []


def test_consume_takes_each_block_once() -> None:
    with attached(counting()) as made:
        hit(B, A, B)
        assert made.recorder.consume() == 2
        hit(A, C, C)
        assert made.recorder.consume() == 2
        assert made.recorder.consume() == 0
    assert made.pcs == [B.pc, A.pc, A.pc, C.pc]
    assert counters_of(made).hits() == [(B.pc, 2), (A.pc, 2), (C.pc, 2)]


def test_what_does_not_fit_stays() -> None:
    with attached(Recording(4, blocks=True)) as made:
        hit(*PROBES[:8])
        assert made.recorder.consume() == 3
        assert made.recorder.consume() == 0
        hit(PROBES[0], PROBES[5], PROBES[9])
        taken = []
        while counters_of(made):
            taken += made.pcs
            made.words[0] = 0
            made.recorder.consume()
        taken += made.pcs
    order = [*range(8), 0, 9]
    assert taken == [PROBES[n].pc for n in order]


def test_an_empty_consume_writes_nothing() -> None:
    made = counting()
    made.words[0] = 2**63
    assert made.recorder.consume() == 0
    made.words[0] = 5
    assert made.recorder.consume() == 0
    assert made.words.tolist() == [5] + [0] * 511


def test_garbage_count_takes_nothing() -> None:
    with attached(counting()) as made:
        hit(A)
        made.words[0] = 2**64 - 1
        assert made.recorder.consume() == 0
        assert (len(counters_of(made)), made.words[0]) == (1, 2**64 - 1)


def test_clear() -> None:
    with attached(counting()) as made:
        hit(A, B)
        counters_of(made).clear()
        assert (counters_of(made).hits(), len(counters_of(made))) == ([], 0)
        hit(B)
    assert counters_of(made).hits() == [(B.pc, 1)]
    assert made.recorder.consume() == 1


def test_clear_after_a_partial_drop() -> None:
    with attached(counting()) as made:
        hit(*PROBES[:10])
        counters_of(made).drop(4)
        counters_of(made).clear()
        hit(*PROBES[5:15])
    assert pcs(counters_of(made)) == [p.pc for p in PROBES[5:15]]


def test_arguments() -> None:
    counters = probe.new_counters()
    for method in (counters.pcs, counters.drop):
        with pytest.raises(TypeError):
            method("1")  # type: ignore[arg-type]
        with pytest.raises(OverflowError):
            method(-1)
    assert counters.pcs(2**63) == b""
    counters.drop(2**63)
    assert counters.hits() == []


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.lists(st.integers(0, len(PROBES) - 1), min_size=1, max_size=30),
            st.integers(0, 50),
            st.none(),
        ),
        max_size=40,
    )
)
def test_against_a_model(steps: list[list[int] | int | None]) -> None:
    """A list is hits, a number is so many to drop, None is clear()."""
    hits: dict[int, int] = {}
    pending: dict[int, None] = {}
    with attached(counting()) as made:
        counters = counters_of(made)
        for step in steps:
            if isinstance(step, list):
                for n in step:
                    hit(PROBES[n])
                    hits[n] = hits.get(n, 0) + 1
                    pending[n] = None
            elif step is None:
                counters.clear()
                hits.clear()
                pending.clear()
            else:
                counters.drop(step)
                for n in list(pending)[:step]:
                    del pending[n]
            assert counters.hits() == [(PROBES[n].pc, times) for n, times in hits.items()]
            assert pcs(counters) == [PROBES[n].pc for n in pending]
            assert pcs(counters, 3) == [PROBES[n].pc for n in pending][:3]
            assert len(counters) == len(pending)


def test_list_grows_and_moves() -> None:
    probes = [probe.Probe(n) for n in range(5000)]
    with attached(counting()) as made:
        counters, taken = counters_of(made), []
        for n, one in enumerate(probes):
            hit(one)
            if n % 3:
                taken += pcs(counters, 1)
                counters.drop(1)
        taken += pcs(counters)
    assert taken == list(range(5000))


@pytest.mark.slow
def test_probes_made_later() -> None:
    """Room is made when a block is hit that did not exist when counting began."""
    with attached(counting()) as made:
        hit(A)
        later = [probe.Probe(n) for n in range(200_000)]
        hit(later[70_000], A, later[-1], later[0])
    assert [times for _, times in counters_of(made).hits()] == [2, 1, 1, 1]
    assert pcs(counters_of(made)) == [A.pc, 70_000, 199_999, 0]


@pytest.mark.slow
def test_cost_is_what_was_executed() -> None:
    """A page of counters that is only read costs a fault, and so one can be counted."""
    for _ in range(2_000_000):
        last = probe.Probe(7)
    with attached(counting()) as made:
        hit(A, last)
        counters = counters_of(made)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(3):
            made.recorder.consume()
            assert len(counters.hits()) == 2
            counters.clear()
            hit(A, last)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 100


OUT_OF_MEMORY = """
import mmap, resource
from pykcov import probe
from tests.unit.cores import A, B, Recording, attached, hit

made = Recording(blocks=True)
for _ in range(600_000): far = probe.Probe(9)
small = int(open("/proc/self/statm").read().split()[0]) * mmap.PAGESIZE + (1 << 20)
resource.setrlimit(resource.RLIMIT_AS, (small, small))
with attached(made):
    hit(far, A)
    print(made.recorder.counters.lost, made.recorder.counters.hits())
"""


@pytest.mark.slow
def test_without_memory_hits_are_lost_and_it_says_so() -> None:
    done = python("-c", OUT_OF_MEMORY, status=0)
    assert done.stdout.split(maxsplit=1) == ["True", "[]\n"]


def test_words_are_the_machines() -> None:
    with attached(counting()) as made:
        hit(B, A)
    assert counters_of(made).pcs(9) == struct.pack("=QQ", B.pc, A.pc)


def test_counters_outlive_the_recorder() -> None:
    made = counting()
    with attached(made):
        hit(A)
    counters = counters_of(made)
    del made
    assert counters.hits() == [(A.pc, 1)]
