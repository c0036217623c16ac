"""Workloads over event loops and what runs them."""

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
    from collections.abc import AsyncIterator
    from typing import Any

USES = Uses()


@USES.of("asyncio.base_events")
def event_loops() -> object:
    import asyncio

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("generator closed")

    log: list[object] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        handle = loop.call_later(2, log.append, "later")
        loop.call_soon(log.append, "soon")
        loop.call_soon_threadsafe(log.append, "threadsafe")
        loop.call_at(loop.time() + 1, log.append, "at")
        cancelled = [loop.call_later(50 + n, log.append, "never") for n in range(120)]
        for each in cancelled:
            each.cancel()
        shown: list[str] = []
        loop.set_exception_handler(lambda loop,
                                   context: shown.append(context["message"].split("<")[0]))
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(3)
        loop.call_exception_handler({"message": "by hand"})
        log.append((shown, handle.cancelled(), handle.when() > 0, loop.get_debug(),
                    loop.is_running(), repr(loop)[:5], loop.get_exception_handler() is not None))
        iterator = generate()
        log.append(await anext(iterator))
        kept.append(iterator)
        loop.set_debug(True)
        loop.slow_callback_duration = 1e9
        loop.call_soon(log.append, "debugged")
        await asyncio.sleep(0)
        loop.set_debug(False)
        log.extend([error(loop.call_later, None, len), error(loop.set_task_factory, 5),
                    error(loop.set_exception_handler, 5), loop.get_task_factory()])
        coroutine = asyncio.sleep(0)
        log.append(error(loop.run_until_complete, coroutine))
        coroutine.close()
        log.append([await failed(lambda: loop.create_connection(None)),
                    await failed(lambda: loop.create_server(None)),
                    await failed(lambda: loop.create_connection(None, "h", 1, sock=5))])
        log.append([await failed(lambda: loop.sendfile(5, None)),
                    error(loop.set_default_executor, 5),
                    await failed(lambda: loop.create_datagram_endpoint(None))])

    async def broken() -> None:
        loop: Any = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: 1 / 0)
        import logging

        logging.disable(logging.CRITICAL)
        loop.call_exception_handler({"message": "handler fails"})
        loop.set_exception_handler(None)
        loop.call_exception_handler({"message": "default", "future": None, "source_traceback": ()})
        logging.disable(logging.NOTSET)
        raise KeyError

    kept: list[Any] = []
    run(main)
    log.append(error(run, broken))
    loop = asyncio.new_event_loop()
    loop.call_soon(loop.stop)
    loop.run_forever()
    log += [loop.run_until_complete(asyncio.sleep(0, "done")),
            loop.run_until_complete(loop.shutdown_asyncgens()), loop.is_closed(), loop.close(),
            error(loop.call_soon, len), error(loop.run_forever)]
    return repr(log)


@USES.of("asyncio.events")
def handles_and_policies() -> object:
    import asyncio
    from asyncio import events

    log: list[object] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        late, soon = (events.TimerHandle(loop.time() + n, log.append, (n,), loop) for n in (5, 1))
        plain: Any = events.Handle(log.append, ("ran",), loop)
        plain._run()
        log.extend([soon < late, soon <= late, late > soon, late >= soon, soon == late,
                    hash(soon) != 0, repr(late).split(" at")[0][:20],
                    hasattr(plain, "get_context") and plain.get_context() is None])
        plain.cancel()
        late.cancel()
        log.extend([plain.cancelled(), repr(plain), error(soon.__lt__, 5)])
        loop.set_exception_handler(lambda loop, context: log.append(context["message"][:21]))
        events.Handle(lambda: 1 / 0, (), loop)._run()
        log.append(events._get_running_loop() is loop)

    run(main)
    base: Any = events.AbstractEventLoop()
    names = ("run_forever", "stop", "is_running", "is_closed", "close", "time", "create_future",
             "get_debug")
    log += [error(getattr(base, name)) for name in names]
    log += [error(base.call_later, 1, len), error(base.call_soon, len),
            error(base.add_reader, 1, len), error(base.add_signal_handler, 1, len),
            error(asyncio.get_running_loop)]
    log += [error(base.call_at, 1, len), error(base.run_until_complete, None),
            error(base.create_task, None), error(base.set_task_factory, None),
            error(base.remove_reader, 1)]
    server: Any = events.AbstractServer()
    log += [error(server.close), error(server.get_loop), error(server.is_serving)]
    waits = [base.shutdown_asyncgens, lambda: base.getaddrinfo("h", 1),
             lambda: base.create_server(len), lambda: base.sock_recv(None, 1), server.start_serving,
             server.wait_closed]
    for wait in waits:
        coroutine = wait()
        log.append(error(coroutine.send, None))
    return repr(log)


@USES.of("asyncio.runners")
def runners() -> object:
    import asyncio

    async def value(number: int) -> int:
        leftover.append(asyncio.create_task(asyncio.sleep(99)))
        await asyncio.sleep(0)
        return number

    async def nested() -> str:
        coroutine = value(1)
        try:
            return error(asyncio.run, coroutine)
        finally:
            coroutine.close()

    leftover: list[Any] = []
    with asyncio.Runner(debug=False) as runner:
        seen = [runner.run(value(1)), runner.run(value(2)), runner.get_loop().is_running(),
                error(runner.run, 5)]
    seen += [asyncio.run(value(3)), asyncio.run(nested()), leftover[0].cancelled(),
             error(runner.get_loop), error(asyncio.run, 5)]
    return repr(seen)


@USES.of("asyncio.staggered")
def staggered_races() -> object:
    import asyncio
    from asyncio import staggered

    async def main() -> list[object]:
        async def attempt(name: str, wait: float, fails: bool = False) -> str:
            await asyncio.sleep(wait)
            if fails:
                raise OSError(name)
            return name

        # Not partials, which are tested for being coroutine functions in other modules.
        calls = [lambda: attempt("slow", 9), lambda: attempt("bad", 0.5, True),
                 lambda: attempt("good", 2)]
        first = await staggered.staggered_race(calls, 1)
        second = await staggered.staggered_race([lambda: attempt("x", 1, True)], None)
        none = await staggered.staggered_race([], 1)
        return [first[0], first[1], [type(exc).__name__ for exc in first[2]], second[0], second[1],
                none[:2]]

    return repr(run(main))
