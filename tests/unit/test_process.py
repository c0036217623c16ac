"""The process's recorder: every thread's that has none of its own and is in no section."""

from __future__ import annotations

import contextvars
import gc
import os
import threading
import weakref
from collections.abc import Iterator

import pytest
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread, section

from pykcov import probe


@pytest.fixture
def process() -> Iterator[Recording]:
    made = Recording()
    probe.record_process(made.recorder)
    yield made
    probe.record_process(None)


def test_all_threads(process: Recording) -> None:
    hit(A)
    in_thread(lambda: hit(B))
    with probe.quiet:
        hit(C)
    hit(A)
    probe.record_process(None)
    hit(C)
    in_thread(lambda: hit(C))
    assert process.pcs == [A.pc, B.pc, A.pc]


def test_threads_that_run_already_change_over() -> None:
    turns = [threading.Semaphore(0), threading.Semaphore(0)]

    def other() -> None:
        for one in (A, B, C, A):
            turns[0].acquire()
            hit(one)
            turns[1].release()

    def turn() -> None:
        turns[0].release()
        turns[1].acquire()

    first, second = Recording(), Recording()
    thread = threading.Thread(target=other)
    thread.start()
    turn()
    probe.record_process(first.recorder)
    turn()
    probe.record_process(second.recorder)
    turn()
    probe.record_process(None)
    turn()
    thread.join()
    assert (first.pcs, second.pcs) == ([B.pc], [C.pc])


def test_own_recorders_and_sections_come_first(process: Recording) -> None:
    own, inside = Recording(), Recording()
    with attached(own):
        hit(A)
    hit(B)
    with section(inside):
        hit(C)
        contextvars.Context().run(hit, A)
    hit(B)
    assert own.pcs == [A.pc]
    assert inside.pcs == [C.pc]
    assert process.pcs == [B.pc, A.pc, B.pc]


def test_blocks_and_the_process_wide_set() -> None:
    made, counters = Recording(blocks=True), probe.new_counters()
    probe.record_process(made.recorder)
    probe.count_everyone(counters)
    try:
        hit(A, B, A)
    finally:
        probe.record_process(None)
        probe.count_everyone(None)
    assert made.recorder.consume() == 2
    assert made.pcs == [A.pc, B.pc]
    assert counters.hits() == [(A.pc, 2), (B.pc, 1)]


def test_a_forked_child_does_not_write(process: Recording) -> None:
    pid = os.fork()
    if pid == 0:
        hit(A)
        os._exit(len(process.pcs))
    assert os.waitpid(pid, 0)[1] == 0
    hit(B)
    assert process.pcs == [B.pc]


def test_what_is_none() -> None:
    with pytest.raises(TypeError):
        probe.record_process(42)  # type: ignore[arg-type]


def test_it_is_let_go() -> None:
    class Memory(bytearray):
        """Can be referred to weakly."""

    memory = Memory(64)
    seen = weakref.ref(memory)
    try:
        recorder = probe.Recorder(memoryview(memory).cast("Q"))
    except ValueError:
        pytest.skip("this memory is not aligned")
    probe.record_process(recorder)
    hit(A)
    del recorder, memory
    probe.record_process(None)
    hit(A)
    gc.collect()
    assert seen() is None
