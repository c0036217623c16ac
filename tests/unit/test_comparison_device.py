"""Who gets a comparison: modes, quiet, other threads, forks, what is saved and restored."""

from __future__ import annotations

import mmap
import os
import pickle
from collections.abc import Iterator
from typing import cast

import pytest
from tests.unit.compared import AREA, both, raw, record
from tests.unit.cores import A, hit, in_thread

import pykcov
from pykcov import probe
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_TRACE_CMP,
    KCOV_TRACE_PC,
)
from pykcov.device.descriptor import Descriptor
from pykcov.device.task import ThreadTask

_, COMPARE = both("a == b")


@pytest.fixture(autouse=True, scope="module")
def _comparisons_are_instrumented() -> Iterator[None]:
    with pykcov.instrument(source="tests.unit.no_such_module", comparisons=True):
        yield


@pytest.fixture
def kcov() -> Iterator[Descriptor]:
    with pykcov.open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        yield descriptor


def take(descriptor: Descriptor) -> tuple[int, list[int]]:
    """Count, and the first words behind it; then store 0."""
    with descriptor.mmap(4096) as area, memoryview(area) as octets, octets.cast("Q") as words:
        found = words[0], words[1:5].tolist()
        words[0] = 0
    return found


def test_each_mode_records_its_own(kcov: Descriptor) -> None:
    for mode in (KCOV_TRACE_CMP, KCOV_TRACE_PC, KCOV_TRACE_CMP):
        kcov.ioctl(KCOV_ENABLE, mode)
        hit(A)
        COMPARE(3, 4)
        kcov.ioctl(KCOV_DISABLE)
        count, words = take(kcov)
        assert count == (1 if mode == KCOV_TRACE_CMP else 2), "COMPARE is a block, too"
        assert (words[:3] == [0, 3, 4]) if mode == KCOV_TRACE_CMP else (words[0] == A.pc)
    COMPARE(3, 4)
    assert take(kcov)[0] == 0


def test_a_mode_that_is_none(kcov: Descriptor) -> None:
    with pytest.raises(OSError, match="Invalid"):
        kcov.ioctl(KCOV_ENABLE, 2)


def test_one_thread_alone(kcov: Descriptor) -> None:
    kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
    in_thread(lambda: COMPARE(1, 2))
    with probe.quiet:
        COMPARE(1, 2)
    COMPARE(5, 6)
    kcov.ioctl(KCOV_DISABLE)
    count, words = take(kcov)
    assert (count, words[:3]) == (1, [0, 5, 6])


def test_beside_counters_of_everyone() -> None:
    """Hits are counted where comparisons are recorded, and go into no area."""
    counters = probe.new_counters()
    probe.count_everyone(counters)
    try:
        record(lambda: [hit(A, A), COMPARE(7, 8)])  # type: ignore[func-returns-value]
    finally:
        probe.count_everyone(None)
    assert [found[:3] for found in raw()] == [(0, 7, 8)]
    assert counters.hits()[0] == (A.pc, 2)
    assert [hits for _, hits in counters.hits()] == [2, 1], "COMPARE is a block, too"


def test_a_section_of_comparisons() -> None:
    words = mmap.mmap(-1, 4096)
    recorder = probe.Recorder(words, True, comparisons=True)
    assert recorder.counters is None, "the recording mode is of blocks"
    token = probe.section_open(recorder)
    COMPARE(1, 2)
    hit(A)
    probe.section_close(recorder, token)
    COMPARE(1, 2)
    assert [found[:3] for found in raw(words)] == [(0, 1, 2)]


def test_a_forked_child_starts_disabled(kcov: Descriptor) -> None:
    kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
    child = os.fork()
    if child == 0:
        COMPARE(1, 2)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    kcov.ioctl(KCOV_DISABLE)
    assert take(kcov)[0] == 0


def test_garbage_and_full_areas() -> None:
    for count in (2**64 - 1, 2**62, len(AREA) // 32):
        recorder = probe.Recorder(AREA, comparisons=True)
        AREA[:8] = count.to_bytes(8, "little")
        probe.attach(recorder)
        COMPARE(1, 2)
        probe.detach()
        assert AREA[:8] == count.to_bytes(8, "little")
        assert recorder.dropped
    AREA[:8] = bytes(8)


def test_texts_are_there_whole_or_not_at_all() -> None:
    for words, found in ((8, 0), (13, 3), (12, 0)):  # 3 records take 12 words and the count
        area = mmap.mmap(-1, 4096)
        with memoryview(area) as view:
            recorder = probe.Recorder(view[: 8 * words], comparisons=True)
            probe.attach(recorder)
            COMPARE("0123456789", "0123456789")  # 8 bytes, 2 bytes, lengths
            probe.detach()
            assert int.from_bytes(area[:8], "little") == found
            assert recorder.dropped == (found == 0)
            del recorder


def test_saved_and_restored(kcov: Descriptor) -> None:
    kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
    COMPARE(1, 2)
    second, task = cast(
        "tuple[Descriptor, ThreadTask]",
        pickle.loads(pickle.dumps((kcov, ThreadTask.current()))),
    )
    kcov.ioctl(KCOV_DISABLE)
    task.resume()
    hit(A)
    COMPARE(3, 4)
    second.ioctl(KCOV_DISABLE)
    assert take(second)[0] == 2
    second.close()
