"""More ways in which tasks share a thread, or a task spreads over several."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import gevent
import gevent.lock
import gevent.pool
import greenlet
import pytest
import trio
import trio.testing
from tests.live import subject
from tests.unit.cores import A, B, C, hit

import pykcov
from pykcov.measure import counts


@pytest.fixture(autouse=True, scope="module")
def _instrumented() -> Iterator[None]:
    with pykcov.instrument(include="**/tests/live/subject.py"):
        yield


def pause() -> Awaitable[object]:
    return asyncio.sleep(0)


async def traced(call: Callable[[], Awaitable[object]]) -> list[int]:
    with pykcov.trace() as trace:
        await call()
    return trace.pcs.tolist()


def alone(call: Callable[[], Awaitable[object]]) -> list[int]:
    async def main() -> list[int]:
        return await traced(call)

    return asyncio.run(main())


async def noise() -> None:
    while True:
        subject.work(3)
        await pause()


def among_noise(main: Callable[[], Coroutine[Any, Any, list[int]]]) -> list[int]:
    """Run it in a loop in which others run, too."""

    async def run() -> list[int]:
        others = [asyncio.create_task(noise()) for _ in range(3)]
        try:
            return await main()
        finally:
            for other in others:
                other.cancel()

    return asyncio.run(run())


class TestAsyncio:
    def test_awaiting_a_contended_semaphore(self) -> None:
        async def main(busy: int) -> list[int]:
            semaphore = asyncio.Semaphore(2)

            async def guarded() -> None:
                async with semaphore:
                    await subject.steps(9, pause)

            others = [asyncio.create_task(guarded()) for _ in range(busy)]
            await pause()
            result = await traced(guarded)
            await asyncio.gather(*others)
            return result

        assert asyncio.run(main(7)) == asyncio.run(main(0))

    def test_awaiting_an_event_a_condition_and_a_future(self) -> None:
        async def main() -> list[int]:
            event, condition = asyncio.Event(), asyncio.Condition()
            future = asyncio.get_running_loop().create_future()

            async def waits() -> None:
                subject.work(1)
                await event.wait()
                subject.work(2)
                async with condition:
                    await condition.wait()
                subject.work(4)
                await future

            task = asyncio.create_task(traced(waits))
            await pause()
            subject.work(5)
            event.set()
            await asyncio.sleep(0.001)
            async with condition:
                condition.notify()
            await asyncio.sleep(0.001)
            subject.work(6)
            future.set_result(None)
            return await task

        async def plain() -> None:
            for n in (1, 2, 4):
                subject.work(n)

        assert among_noise(main) == alone(plain)

    def test_task_group_and_timeout(self) -> None:
        async def both() -> None:
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                group.create_task(subject.steps(5, pause))
            subject.work(1)

        assert among_noise(lambda: traced(both)) == alone(both) != []

    def test_cancelled_in_the_trace(self) -> None:
        async def main() -> list[int]:
            trace = pykcov.trace()

            async def forever() -> None:
                with trace:
                    hit(A)
                    try:
                        await asyncio.sleep(3600)
                    finally:
                        hit(B)

            task = asyncio.create_task(forever())
            await pause()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            hit(C)
            return trace.pcs.tolist()

        assert among_noise(main) == [A.pc, B.pc]

    def test_callbacks_have_the_context_that_scheduled_them(self) -> None:
        async def main() -> list[int]:
            loop, done = asyncio.get_running_loop(), asyncio.Event()
            with pykcov.trace() as trace:
                loop.call_soon(hit, A)
                loop.call_soon(hit, C, context=contextvars.Context())
                loop.call_later(0.001, hit, B)
                loop.call_later(0.002, done.set)
                await done.wait()
            return trace.pcs.tolist()

        assert among_noise(main) == [A.pc, B.pc]

    def test_async_generator(self) -> None:
        async def numbers() -> AsyncIterator[int]:
            for n in (2, 3):
                yield subject.work(n)
                await pause()

        async def main() -> None:
            async for _ in numbers():
                await pause()

        assert among_noise(lambda: traced(main)) == alone(main) != []

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in 3.12")
    def test_eager_tasks(self) -> None:
        async def main() -> list[list[int]]:
            loop = asyncio.get_running_loop()
            loop.set_task_factory(vars(asyncio)["eager_task_factory"])
            tasks = []
            for n in range(20):
                tasks.append(
                    asyncio.create_task(traced(lambda n=n: subject.steps(n, pause)))  # type: ignore[misc]
                )
                subject.work(n)
            return list(await asyncio.gather(*tasks))

        for n, together in enumerate(asyncio.run(main())):
            assert together == alone(lambda n=n: subject.steps(n, pause))  # type: ignore[misc]

    def test_threads_of_two_traces_in_one_pool(self) -> None:
        async def main() -> list[list[int]]:
            async def spreads(n: int) -> None:
                for _ in range(5):
                    await asyncio.to_thread(subject.work, n)
                    subject.work(n)

            return await asyncio.gather(
                *(traced(lambda n=n: spreads(n)) for n in range(20))  # type: ignore[misc]
            )

        expected = [alone(lambda n=n: asyncio.to_thread(subject.work, n)) for n in range(20)]  # type: ignore[misc]
        assert asyncio.run(main()) == [one * 10 for one in expected]

    def test_loops_in_threads(self) -> None:
        results: dict[int, list[int]] = {}

        def run(n: int) -> None:
            results[n] = among_noise(lambda: traced(lambda: subject.steps(n, pause)))

        threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for n in range(6):
            assert results[n] == alone(lambda n=n: subject.steps(n, pause))  # type: ignore[misc]

    def test_loop_in_a_traced_thread(self) -> None:
        """A trace around the loop is the thread's: whatever runs on it."""
        with pykcov.trace() as trace:
            asyncio.run(subject.steps(5, pause))
        assert trace.pcs.tolist() == alone(lambda: subject.steps(5, pause))

    def test_beside_the_process_wide_set(self) -> None:
        counts.enable()
        try:
            with_set = among_noise(lambda: traced(lambda: subject.steps(5, pause)))
        finally:
            counts.disable()
            counts.clear()
        assert with_set == alone(lambda: subject.steps(5, pause))


class TestTrio:
    def test_lock_nursery_and_threads(self) -> None:
        async def main(contended: bool) -> list[int]:
            lock = trio.Lock()
            out: list[int] = []

            async def call() -> None:
                with pykcov.trace() as trace:
                    async with lock:
                        subject.work(3)
                    async with trio.open_nursery() as inner:
                        inner.start_soon(subject.steps, 5, lambda: trio.sleep(0))
                    await trio.to_thread.run_sync(subject.work, 9)
                out.extend(trace.pcs)

            async with trio.open_nursery() as nursery:
                if contended:
                    await lock.acquire()
                nursery.start_soon(call)
                await trio.testing.wait_all_tasks_blocked()
                for n in range(5):
                    subject.work(n)
                if contended:
                    lock.release()
            return out

        assert trio.run(main, True) == trio.run(main, False) != []


class TestGreenlets:
    def test_switching_between_two_traces(self) -> None:
        def run(mine: list[int], *probes: Any) -> None:
            with pykcov.trace() as trace:
                for one in probes:
                    hit(one)
                    main.switch()
            mine.extend(trace.pcs)

        main = greenlet.getcurrent()
        first: list[int] = []
        second: list[int] = []
        one, two = greenlet.greenlet(run), greenlet.greenlet(run)
        one.switch(first, A, B, A)
        two.switch(second, C, C, B)
        for _ in range(3):
            hit(A)
            one.switch()
            two.switch()
        assert first == [A.pc, B.pc, A.pc]
        assert second == [C.pc, C.pc, B.pc]

    def test_killed_in_the_trace(self) -> None:
        def run() -> None:
            with trace:
                hit(A)
                main.switch()

        main, trace = greenlet.getcurrent(), pykcov.trace()
        let = greenlet.greenlet(run)
        let.switch()
        let.throw()
        hit(B)
        assert trace.pcs.tolist() == [A.pc]

    def test_dropped_in_the_trace(self) -> None:
        def run() -> None:
            with trace:
                hit(A)
                main.switch()

        main, trace = greenlet.getcurrent(), pykcov.trace()
        let = greenlet.greenlet(run)
        let.switch()
        del let
        hit(B)
        assert trace.pcs.tolist() == [A.pc]

    def test_with_a_context_of_its_own(self) -> None:
        """gr_context set by hand, as frameworks do: two greenlets in copies of one context."""

        def spawned() -> None:
            hit(B)
            main.switch()
            hit(B)

        def run() -> None:
            with trace:
                let = greenlet.greenlet(spawned)
                let.gr_context = contextvars.copy_context()
                stranger = greenlet.greenlet(lambda: hit(C))
                let.switch()
                hit(A)
                stranger.switch()
                let.switch()

        trace = pykcov.trace()
        outer = main = greenlet.greenlet(run)
        outer.switch()
        assert trace.pcs.tolist() == [B.pc, A.pc, B.pc]

    def test_contended_gevent_lock_and_thread_pool(self) -> None:
        def run(contended: bool) -> list[int]:
            lock = gevent.lock.Semaphore()

            def call() -> list[int]:
                with pykcov.trace() as trace:
                    with lock:
                        subject.work(3)
                    gevent.get_hub().threadpool.spawn(subject.work, 9).get()  # not inherited
                    subject.work(4)
                return trace.pcs.tolist()

            if contended:
                lock.acquire()
            let = gevent.spawn(call)
            others = gevent.pool.Pool(4)
            for n in range(20):
                others.spawn(subject.switching, n, lambda: gevent.sleep(0))
            gevent.sleep(0)
            if contended:
                lock.release()
            others.join()
            got: list[int] = let.get()
            return got

        results: list[list[int]] = []

        def thread() -> None:
            results.extend(run(contended) for contended in (True, False))
            gevent.get_hub().destroy()

        started = threading.Thread(target=thread)
        started.start()
        started.join()
        contended, free = results
        assert contended == free != []
