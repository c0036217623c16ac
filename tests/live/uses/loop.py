"""The loop of the workloads over asyncio."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any


def run(main: Callable[[], Coroutine[Any, Any, Any]], pure: bool = False) -> Any:
    """Run a coroutine function; timers fire in order at once, so that no path depends on a clock.

    With `pure`, tasks and futures are those of the .py files; from 3.14 on futures only, as the
    C functions that tell the current task then know no others than C tasks.
    """
    import asyncio
    import selectors
    from asyncio import futures, tasks

    now = 1000.0

    class Instant(selectors.SelectSelector):
        def select(self, timeout: float | None = None) -> Any:
            nonlocal now
            ready = super().select(0)
            if not ready and timeout is None:
                ready = super().select(None)
            elif not ready and timeout is not None:
                now += timeout
            return ready

    class Loop(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return now

        def create_future(self) -> Any:
            return futures._PyFuture(loop=self) if pure else super().create_future()

    def make() -> Any:
        loop: Any = Loop(Instant())
        if pure and sys.version_info < (3, 14):
            loop.set_task_factory(lambda loop, coro,
                                  **kwargs: tasks._PyTask(coro, loop=loop, **kwargs))
        return loop

    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(main())


async def failed(call: Callable[[], Any]) -> str:
    """Name the exception that awaiting raises, or that making the awaitable does."""
    try:
        await call()
    except BaseException as exc:  # cancellation is no Exception
        return type(exc).__name__
    return "no error"
