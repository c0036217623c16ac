"""Workloads over locks, queues, groups and timeouts."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses
from .loop import failed, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("asyncio.locks")
def locks() -> object:
    import asyncio

    async def main() -> list[object]:
        log: list[object] = []
        lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()
        room, bounded, gate = asyncio.Semaphore(2), asyncio.BoundedSemaphore(1), asyncio.Barrier(3)

        async def locked(name: str, wait: float) -> None:
            async with lock:
                log.append((name, lock.locked()))
                await asyncio.sleep(wait)

        async def waiting(name: str) -> None:
            async with condition:
                await condition.wait_for(lambda: "go" in log)
                log.append(name)

        async def entering(name: str) -> None:
            async with room:
                await asyncio.sleep(1)
            log.append((name, await gate.wait()))

        tasks = [asyncio.create_task(locked(f"l{n}", n)) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        waits = [asyncio.create_task(waiting(f"w{n}")) for n in range(2)]
        setter = asyncio.create_task(event.wait())
        await asyncio.sleep(0)
        log.append("go")
        async with condition:
            condition.notify()
            condition.notify_all()
        event.set()
        await asyncio.gather(*waits, setter)
        event.clear()
        await asyncio.gather(*(entering(f"e{n}") for n in range(3)))
        async with room:
            log.append((room.locked(), gate.n_waiting, gate.parties, gate.broken))
        stuck = asyncio.create_task(gate.wait())
        blocked = asyncio.create_task(bounded.acquire())
        second = asyncio.create_task(bounded.acquire())
        await asyncio.sleep(0)
        second.cancel()
        await gate.reset()
        log.append(await failed(lambda: stuck))
        await gate.abort()
        log += [await failed(gate.wait), gate.broken, await blocked, await failed(lambda: second)]
        bounded.release()
        log += [error(bounded.release), error(lock.release), error(condition.notify),
                error(asyncio.Semaphore, -1), error(asyncio.Barrier, 0)]
        log += [await failed(condition.wait), repr(lock).split("[")[1], repr(event).split("[")[1],
                repr(room).split("[")[1], repr(gate).split("[")[1]]
        timed = asyncio.create_task(asyncio.wait_for(event.wait(), 5))
        log.append(await failed(lambda: timed))
        async with condition:
            late = asyncio.create_task(condition.acquire())
            await asyncio.sleep(0)
            late.cancel()
            log.append(await failed(lambda: asyncio.wait_for(condition.wait(), 1)))
        log.append(await failed(lambda: late))
        return log

    return repr(run(main))


@USES.of("asyncio.queues")
def queues() -> object:
    import asyncio

    async def main() -> list[object]:
        queue: Any = asyncio.Queue(2)
        log: list[object] = []

        async def produce() -> None:
            for number in range(5):
                await queue.put(number)
                log.append(("put", number, queue.qsize()))

        async def consume() -> None:
            while True:
                log.append(await queue.get())
                queue.task_done()

        consumer = asyncio.create_task(consume())
        await produce()
        await queue.join()
        consumer.cancel()
        log.append(await failed(lambda: consumer))
        log += [error(queue.get_nowait), queue.put_nowait(1), queue.put_nowait(2),
                error(queue.put_nowait, 3), queue.full(), queue.empty(), queue.maxsize]
        putting = asyncio.create_task(queue.put(4))
        await asyncio.sleep(0)
        putting.cancel()
        log += [await failed(lambda: putting), repr(queue).split("maxsize")[1],
                str(queue).split("maxsize")[1]]
        order: Any = asyncio.PriorityQueue()
        stack: Any = asyncio.LifoQueue()
        for item in (3, 1, 2):
            order.put_nowait(item)
            stack.put_nowait(item)
        log += [[await order.get() for _ in range(3)], [await stack.get() for _ in range(3)],
                error(asyncio.Queue().task_done)]
        if hasattr(queue, "shutdown"):
            getting = asyncio.create_task(order.get())
            await asyncio.sleep(0)
            order.shutdown()
            log.append(await failed(lambda: getting))
            queue.shutdown(immediate=True)
            log += [await failed(queue.get), await failed(lambda: queue.put(1)),
                    error(queue.get_nowait)]
        return log

    return repr(run(main))


@USES.of("asyncio.taskgroups")
def task_groups() -> object:
    import asyncio

    async def main() -> list[object]:
        log: list[object] = []

        async def work(name: str, wait: float, raising: type[BaseException] | None = None) -> str:
            try:
                await asyncio.sleep(wait)
                if raising:
                    raise raising(name)
            finally:
                log.append(name)
            return name

        async with asyncio.TaskGroup() as group:
            first = group.create_task(work("a", 2), name="named")
            group.create_task(work("b", 1))
            shown = repr(group).split("(")[0]
        log += [first.result(), first.get_name(), shown]

        async def objects(name: str) -> None:
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                raise OSError(name) from None

        # A group keeps its tasks in a set, whose order is by address: those that an abort finds
        # there are alike.
        bodies: tuple[tuple[type[BaseException] | None, tuple[Any, ...]], ...] = (
            (None, (work("fails", 1, ValueError), objects("also"))),
            (KeyError, (objects("one"), objects("two"))),
            (asyncio.CancelledError, (work("x", 9), work("y", 9))),
            (asyncio.CancelledError, (objects("only"),)),
        )
        for body, coroutines in bodies:
            try:
                async with asyncio.TaskGroup() as group:
                    for each in coroutines:
                        group.create_task(each)
                    await asyncio.sleep(0)
                    if body:
                        raise body
            except BaseExceptionGroup as exc:
                log.append(sorted(type(e).__name__ for e in exc.exceptions))
            except BaseException as exc:
                log.append(type(exc).__name__)
        outer = asyncio.create_task(nested(work))
        await asyncio.sleep(0.5)
        outer.cancel()
        log.append(await failed(lambda: outer))
        coroutine = work("unused", 0)
        log.append(error(asyncio.TaskGroup().create_task, coroutine))
        coroutine.close()
        coroutine = work("late", 0)
        log.append(error(group.create_task, coroutine))
        coroutine.close()
        log.append(await failed(group.__aenter__))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(work("exit", 1, SystemExit))
        except BaseException as exc:
            log.append(type(exc).__name__)
        return log

    async def nested(work: Any) -> None:
        import asyncio

        async with asyncio.TaskGroup() as outer:
            outer.create_task(work("outer", 3))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(work("inner", 2))

    try:
        return repr(run(main))
    except SystemExit as exc:
        return "left by " + str(exc)


@USES.of("asyncio.timeouts")
def timeouts() -> object:
    import asyncio

    async def main() -> list[object]:
        log: list[object] = []
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5) as limit:
            await asyncio.sleep(1)
            limit.reschedule(loop.time() + 3)
            log += [limit.when() is not None, limit.expired(), repr(limit).split(" ")[0]]
        for seconds in (1, 0, -1):
            try:
                async with asyncio.timeout(seconds) as limit:
                    await asyncio.sleep(9)
            except TimeoutError as exc:
                log += [type(exc.__cause__).__name__, limit.expired(), repr(limit)]
        async with asyncio.timeout(None) as limit, asyncio.timeout_at(loop.time() + 9):
            log.append(limit.when())
        try:
            async with asyncio.timeout(2), asyncio.timeout(1):
                await asyncio.sleep(5)
        except TimeoutError:
            log.append("inner")
        try:
            async with asyncio.timeout(9):
                raise KeyError
        except KeyError:
            log.append("through")
        log += [error(limit.reschedule, 5), error(asyncio.timeout(1).reschedule, 1),
                await failed(limit.__aenter__)]
        return log

    return repr(run(main))
