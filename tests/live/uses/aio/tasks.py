"""Workloads over tasks and futures."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error
from ..registry import Uses
from .loop import failed, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("asyncio.futures")
def pure_futures() -> object:
    import asyncio
    from asyncio import futures
    from concurrent.futures import Future

    async def main() -> list[object]:
        loop = asyncio.get_running_loop()
        log: list[object] = []
        make: Any = futures._PyFuture
        done, broken, cancelled, waiting, odd = (make(loop=loop) for _ in range(5))
        done.add_done_callback(lambda future: log.append(("callback", future.result())))
        gone = log.append
        done.add_done_callback(gone)
        log += [done.remove_done_callback(gone), error(done.result), error(done.exception),
                done.done(), repr(done)[:24]]
        done.set_result(5)
        broken.set_exception(KeyError("k"))
        cancelled.cancel("message")
        await asyncio.sleep(0)
        log += [await done, done.exception(), error(broken.result), broken.exception(),
                done.cancel(), cancelled.cancelled(), error(done.set_result, 1),
                error(done.set_exception, KeyError)]
        log += [await failed(lambda: cancelled), error(waiting.set_exception, 5),
                error(odd.set_exception, StopIteration), odd.done() and repr(odd.exception()),
                repr(broken), repr(cancelled), done.get_loop() is loop]
        try:
            cancelled.exception()
        except asyncio.CancelledError as exc:
            log.append(str(exc))
        thread: Any = Future()
        wrapped = futures.wrap_future(thread, loop=loop)
        thread.set_result(9)
        log += [await wrapped, futures.wrap_future(done) is done, futures.isfuture(done),
                futures.isfuture(5), error(futures.wrap_future, 5)]
        back: Any = Future()
        source = make(loop=loop)
        futures._chain_future(source, back)
        source.set_exception(TimeoutError("t"))
        await asyncio.sleep(0)
        log += [type(back.exception()).__name__, error(futures._chain_future, 5, back),
                error(futures._chain_future, back, 5)]
        stopped, copy = Future[int](), make(loop=loop)
        futures._chain_future(stopped, copy)
        copy.cancel()
        await asyncio.sleep(0)
        log += [stopped.cancelled(), futures._get_loop(copy) is loop]
        waiting.set_result(None)
        return log

    return repr(run(main, pure=True))


@USES.of("asyncio.tasks")
def pure_tasks() -> object:
    import asyncio
    from asyncio import tasks

    async def main() -> list[object]:
        log: list[object] = []
        loop = asyncio.get_running_loop()

        async def work(name: str, wait: float, raising: type[BaseException] | None = None) -> str:
            await asyncio.sleep(wait)
            if raising:
                raise raising(name)
            return name

        async def stubborn() -> str:
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError as exc:
                task: Any = asyncio.current_task()
                log.append((str(exc), task.cancelling(), task.uncancel()))
            return "survived"

        async def yields(value: Any) -> None:
            class Awaitable:
                def __await__(self) -> Any:
                    yield value

            await Awaitable()

        task = asyncio.create_task(work("a", 1), name="task a")
        log += [task.get_name(), task.done(), repr(task).split(" coro")[0], len(task.get_stack()),
                task.get_coro() is not None]
        task.set_name("renamed")
        task.add_done_callback(lambda task: log.append("callback"))
        await asyncio.sleep(0)
        import io

        text = io.StringIO()
        task.print_stack(limit=1, file=text)
        log += [text.getvalue().count("sleep") > 0, len(task.get_stack(limit=1)), await task,
                error(task.set_result, 1), error(task.set_exception, KeyError())]
        hard = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        hard.cancel("stop it")
        log += [await hard, hard.cancelled()]
        gathered = asyncio.gather(work("g1", 2), work("g2", 1), work("g3", 1, KeyError),
                                  return_exceptions=True)
        log += [[str(result) for result in await gathered],
                await failed(lambda: asyncio.gather(work("x", 1, OSError), work("y", 2))),
                await asyncio.gather()]
        inner = asyncio.gather(work("c1", 5), work("c2", 5))
        await asyncio.sleep(0)
        inner.cancel()
        log.append(await failed(lambda: inner))
        # What wait returns are sets, filled in an order by address: all that it finds are alike.
        for when in (asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION):
            several = [asyncio.create_task(work(f"w{n}", 1)) for n in (1, 2, 3)]
            done, pending = await asyncio.wait(several, timeout=9, return_when=when)
            log.append((len(done), len(pending)))
        done, pending = await asyncio.wait([asyncio.create_task(work("e", 1, KeyError))],
                                           return_when=asyncio.FIRST_EXCEPTION)
        log.append([type(each.exception()).__name__ for each in done])
        timed, left = await asyncio.wait([asyncio.create_task(work("slow", 9))], timeout=1)
        log += [len(timed), len(left), await failed(lambda: asyncio.wait([])),
                await failed(lambda: asyncio.wait([task], return_when="x"))]
        for each in left:
            each.cancel()
        # Tasks are awaited in the order of a set of them, but these finish at different times.
        for future in asyncio.as_completed([asyncio.create_task(work("second", 2)),
                                            asyncio.create_task(work("first", 1))],
                                           timeout=5):
            log.append(await future)
        for future in asyncio.as_completed([asyncio.create_task(work("too late", 9))], timeout=1):
            log.append(await failed(lambda future=future: future))
        log += [await asyncio.wait_for(work("f", 1), 5),
                await failed(lambda: asyncio.wait_for(work("l", 5), 1)),
                await asyncio.wait_for(work("n", 1), None)]
        log += [await failed(lambda: asyncio.wait_for(work("z", 5), 0)),
                await asyncio.wait_for(task, 0)]
        guarded = asyncio.create_task(work("guarded", 2))
        shield = asyncio.shield(guarded)
        shield.cancel()
        log += [await failed(lambda: shield), await guarded, await asyncio.shield(guarded)]
        log += [await failed(lambda value=value: asyncio.create_task(yields(value)))
                for value in (5, [], None, (x for x in "a"))]
        log += [error(asyncio.ensure_future, 5), await asyncio.ensure_future(Awaits()),
                error(tasks._PyTask, 5, loop=loop)]
        log += [asyncio.current_task() is not None, await asyncio.sleep(0, "result"),
                error(asyncio.gather, guarded, 5), error(asyncio.as_completed, guarded)]
        thread = tasks.run_coroutine_threadsafe(work("safe", 1), loop)
        await asyncio.sleep(2)
        log += [thread.result(), error(tasks.run_coroutine_threadsafe, 5, loop),
                await failed(lambda: asyncio.create_task(work("kb", 0, ValueError)))]
        if sys.version_info >= (3, 12):
            eager: Any = tasks.create_eager_task_factory(tasks._PyTask)(loop, finished())
            log += [eager.done(), eager.result()]
        if sys.version_info >= (3, 13):
            async for each in asyncio.as_completed([work("async for", 1)]):
                log.append(await each)
        return log

    async def finished() -> str:
        return "finished"

    class Awaits:
        def __await__(self) -> Any:
            return finished().__await__()

    return repr(run(main, pure=True))


@USES.of("concurrent.futures._base")
def executor_futures() -> object:
    from concurrent.futures import _base

    class Inline(_base.Executor):
        """Runs at once, in the calling thread."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            future: Any = _base.Future()
            future.set_running_or_notify_cancel()
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as exc:
                future.set_exception(exc)
            return future

    log: list[object] = []
    with Inline() as pool:
        good, bad = pool.submit(pow, 2, 5), pool.submit(int, "x")
        mapped = pool.map(lambda a, b: a + b, [1, 2], [3, 4], timeout=5)
        log += [next(mapped)]
        mapped.close()
        failing = pool.map(int, ["1", "x"])
        log += [next(failing), error(next, failing), error(pool.map, len)]
    idle, stopped, notified = _base.Future[int](), _base.Future[int](), _base.Future[int]()
    stopped.add_done_callback(lambda future: log.append("cancelled"))
    log += [stopped.cancel(), stopped.cancel(), stopped.set_running_or_notify_cancel(),
            stopped.cancelled(), idle.running(), good.done(), good.cancel(),
            repr(good).split("state=")[1]]
    good.add_done_callback(lambda future: log.append(future.result()))
    log += [error(bad.result), type(bad.exception()).__name__, error(stopped.set_result, 1),
            error(idle.result, 0), error(idle.exception, 0), repr(bad).split("state=")[1]]
    done, waiting = _base.wait([good, bad], timeout=0)
    log += [len(done), len(waiting),
            len(_base.wait([good], return_when=_base.FIRST_COMPLETED).done),
            len(_base.wait([bad], return_when=_base.FIRST_EXCEPTION).done),
            len(_base.wait([good], return_when=_base.FIRST_EXCEPTION).done),
            len(_base.wait([idle], timeout=0).not_done)]
    log += [[future is good for future in _base.as_completed([good])],
            error(lambda: list(_base.as_completed([idle], timeout=0))),
            error(_base.wait, [idle], 0, "x"), repr(idle).split("state=")[1]]
    notified.set_running_or_notify_cancel()
    notified.set_exception(OSError("late"))
    log += [error(notified.set_result, 1), error(stopped.exception),
            error(_base.Executor().submit, len)]
    return repr(log)
