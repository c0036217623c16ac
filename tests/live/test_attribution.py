"""A trace holds what its own task executed: all of it, in order, and nothing of anybody else."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import gevent
import greenlet
import pytest
import trio
from tests.live import subject

import pykcov

SIZE = 1 << 14


@pytest.fixture(autouse=True)
def instrumented() -> Iterator[pykcov.Instrumentation]:
    with pykcov.instrument(include=["**/tests/live/subject.py"]) as handle:
        assert handle.blocks > 20
        yield handle


def trace() -> pykcov.trace:
    return pykcov.trace(SIZE)


def alone(n: int) -> list[int]:
    with trace() as t:
        subject.work(n)
    assert not t.overflowed
    return list(t.pcs)


async def traced_steps(n: int) -> list[int]:
    with trace() as t:
        await subject.steps(n, lambda: asyncio.sleep(0))
    return list(t.pcs)


def test_the_paths_differ() -> None:
    assert len({tuple(alone(n)) for n in range(64)}) > 40


def test_one_of_two_tasks() -> None:
    async def main() -> list[int]:
        noise = asyncio.create_task(subject.steps(3, lambda: asyncio.sleep(0)))
        traced = await traced_steps(35)
        await noise
        return traced

    assert asyncio.run(main()) == asyncio.run(traced_steps(35))


def test_200_gathered_tasks_each_as_alone() -> None:
    async def main() -> list[list[int]]:
        return await asyncio.gather(*(traced_steps(n) for n in range(200)))

    together = asyncio.run(main())
    for n in range(200):
        assert together[n] == asyncio.run(traced_steps(n)), n


def test_what_a_traced_task_spawns_is_its_own() -> None:
    async def main() -> list[int]:
        noise = asyncio.create_task(subject.steps(3, lambda: asyncio.sleep(0)))
        with trace() as t:
            await asyncio.create_task(subject.steps(8, lambda: asyncio.sleep(0)))
            await asyncio.to_thread(subject.work, 5)
        await noise
        return list(t.pcs)

    async def expected() -> list[int]:
        with trace() as t:
            await subject.steps(8, lambda: asyncio.sleep(0))
        return list(t.pcs)

    assert asyncio.run(main()) == asyncio.run(expected()) + alone(5)


def test_what_outlives_the_trace_is_not_recorded() -> None:
    async def main() -> tuple[int, int]:
        with trace() as t:
            later = asyncio.create_task(subject.steps(7, lambda: asyncio.sleep(0)))
            await asyncio.sleep(0)
            before = len(t.pcs)
        await later
        return before, len(t.pcs)

    before, after = asyncio.run(main())
    assert before == after > 0


def test_a_context_run_in_another_thread_after_the_trace() -> None:
    with trace():
        context = contextvars.copy_context()

    async def main() -> contextvars.Context:
        with trace():
            return contextvars.copy_context()

    context = asyncio.run(main())
    recorded: list[int] = []

    def run() -> None:
        context.run(subject.work, 3)
        with trace() as t:
            context.run(subject.work, 3)
        recorded.extend(t.pcs)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert recorded == alone(3)


def test_a_contended_lock_leaves_no_record() -> None:
    async def traced(lock: asyncio.Lock) -> list[int]:
        with trace() as t:
            await subject.locked(lock, 9)
        return list(t.pcs)

    async def contended() -> list[int]:
        lock = asyncio.Lock()
        async with lock:
            waiting = asyncio.create_task(traced(lock))
            for _ in range(5):
                await asyncio.sleep(0)
        return await waiting

    async def free() -> list[int]:
        return await traced(asyncio.Lock())

    assert asyncio.run(contended()) == asyncio.run(free()) != []


def test_an_empty_queue_leaves_no_record() -> None:
    async def traced(queue: asyncio.Queue[int]) -> list[int]:
        with trace() as t:
            await subject.queued(queue)
        return list(t.pcs)

    async def main(late: bool) -> list[int]:
        queue: asyncio.Queue[int] = asyncio.Queue()
        if not late:
            queue.put_nowait(11)
        waiting = asyncio.create_task(traced(queue))
        for _ in range(3):
            await asyncio.sleep(0)
        if late:
            queue.put_nowait(11)
        return await waiting

    assert asyncio.run(main(late=True)) == asyncio.run(main(late=False)) != []


def test_trio_tasks_each_as_alone() -> None:
    async def traced(n: int, results: dict[int, list[int]]) -> None:
        with trace() as t:
            await subject.steps(n, lambda: trio.sleep(0))
        results[n] = list(t.pcs)

    async def main(numbers: range) -> dict[int, list[int]]:
        results: dict[int, list[int]] = {}
        async with trio.open_nursery() as nursery:
            for n in numbers:
                nursery.start_soon(traced, n, results)
        return results

    together = trio.run(main, range(30))
    for n in range(30):
        assert together[n] == trio.run(main, range(n, n + 1))[n]


def test_greenlets_each_as_alone() -> None:
    def traced(n: int) -> list[int]:
        with trace() as t:
            subject.switching(n, main.switch)
        return list(t.pcs)

    main = greenlet.getcurrent()

    def run(numbers: range) -> dict[int, list[int]]:
        lets = {n: greenlet.greenlet(traced) for n in numbers}
        answers = {n: let.switch(n) for n, let in lets.items()}
        while not all(let.dead for let in lets.values()):
            for n, let in lets.items():
                if not let.dead:
                    subject.work(n)  # the main greenlet's, in nobody's trace
                    answers[n] = let.switch()
        return answers

    together = run(range(40))
    for n in range(40):
        assert together[n] == run(range(n, n + 1))[n] != []


def in_a_thread(test: Callable[[], None]) -> Callable[[], None]:
    """Run a test on a thread of its own: a gevent hub stays with its thread."""

    @functools.wraps(test)
    def run() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(test).result()

    return run


@in_a_thread
def test_gevent_greenlets_each_as_alone() -> None:
    def traced(n: int) -> list[int]:
        with trace() as t:
            subject.switching(n, lambda: gevent.sleep(0))
        return list(t.pcs)

    def run(numbers: range) -> list[list[int]]:
        lets = [gevent.spawn(traced, n) for n in numbers]
        gevent.joinall(lets, raise_error=True)
        return [let.value for let in lets]

    together = run(range(40))
    for n in range(40):
        assert together[n] == run(range(n, n + 1))[0] != []


@in_a_thread
def test_the_main_greenlet_under_gevent() -> None:
    noise = gevent.spawn(subject.switching, 3, lambda: gevent.sleep(0))
    with trace() as t:
        subject.switching(6, lambda: gevent.sleep(0))
    noise.join()
    with trace() as quiet:
        subject.switching(6, lambda: None)
    assert list(t.pcs) == list(quiet.pcs)


def test_threads_each_as_alone() -> None:
    results: dict[int, list[int]] = {}
    barrier = threading.Barrier(8)

    def run(n: int) -> None:
        barrier.wait()
        with trace() as t:
            for _ in range(50):
                subject.work(n)
        results[n] = list(t.pcs)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(8):
        assert results[n] == alone(n) * 50


def test_garbage_of_earlier_calls_leaves_no_record() -> None:
    gc.disable()
    try:
        with trace() as clean:
            subject.collects(4)
        subject.make_garbage(100)
        with trace() as t:
            subject.collects(4)
    finally:
        gc.enable()
    assert list(t.pcs) == list(clean.pcs)


def test_what_the_collector_calls_leaves_no_record() -> None:
    called = []

    def callback(*_: object) -> None:
        called.append(subject.work(13))

    with trace() as clean:
        subject.collects(4)
    cycle = subject.Loud().tie()
    watcher = weakref.ref(cycle, callback)
    del cycle
    gc.callbacks.insert(1, callback)
    try:
        with trace() as t:
            subject.collects(4)
    finally:
        gc.callbacks.remove(callback)
    assert watcher() is None
    assert len(called) >= 3
    assert list(t.pcs) == list(clean.pcs)


def test_a_dropped_reference_is_the_tasks_own() -> None:
    with trace() as t:
        subject.drops(4)
    pcs, inner = list(t.pcs), alone(21)
    assert any(pcs[i : i + len(inner)] == inner for i in range(len(pcs)))


class _Alarm(AbstractContextManager[list[int]]):
    """A timer that interrupts this thread, and executes blocks."""

    def __init__(self) -> None:
        self.fired: list[int] = []

    def handler(self, *_: object) -> None:
        self.fired.append(subject.work(17))

    def __enter__(self) -> list[int]:
        self.before = signal.signal(signal.SIGALRM, self.handler)
        assert signal.getsignal(signal.SIGALRM) == self.handler
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        return self.fired

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert signal.signal(signal.SIGALRM, self.before) == self.handler


def interrupted(alarm: _Alarm) -> None:
    expected = alone(6)
    with alarm as fired:
        while len(fired) < 20:
            with trace() as t:
                for _ in range(100):
                    subject.work(6)
            assert list(t.pcs) == expected * 100


def test_signal_handlers_leave_no_record() -> None:
    interrupted(_Alarm())


def test_signal_handlers_set_before_leave_no_record(
    instrumented: pykcov.Instrumentation,
) -> None:
    instrumented.undo()
    signal.siginterrupt(signal.SIGALRM, True)
    with _Alarm() as fired:
        handle = pykcov.instrument(include=["**/tests/live/subject.py"])
        with handle:
            expected = alone(6)
            while len(fired) < 20:
                with trace() as t:
                    for _ in range(100):
                        subject.work(6)
                assert list(t.pcs) == expected * 100


def test_a_generator_is_recorded_where_it_runs() -> None:
    generator = subject.counting(3)
    with trace() as first:
        next(generator)
    next(generator)
    with trace() as third:
        next(generator)
    assert list(first.pcs)[-len(alone(0)) :] == alone(0)
    assert list(third.pcs)[-len(alone(2)) :] == alone(2)
