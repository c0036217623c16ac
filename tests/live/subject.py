"""Code to be traced: what it executes depends on its arguments alone."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator


def work(n: int) -> int:
    """A path that differs for each n."""
    total = 0
    for bit in range(6):
        if n >> bit & 1:
            total += bit
        elif n % 3 == bit % 3:
            total -= bit
        else:
            total *= 2
    return total


async def steps(n: int, pause: Callable[[], Awaitable[object]]) -> int:
    """work(), with pauses in it."""
    total = work(n)
    for i in range(n % 4 + 1):
        await pause()
        total += work(n + i)
    return total


async def locked(lock: asyncio.Lock, n: int) -> int:
    """work() under a lock that others may hold."""
    async with lock:
        return work(n)


async def queued(queue: asyncio.Queue[int]) -> int:
    """work() on what comes out of a queue, at once or later."""
    return work(await queue.get())


def switching(n: int, switch: Callable[[], object]) -> int:
    """work(), giving way to other greenlets in it."""
    total = work(n)
    for i in range(n % 4 + 1):
        switch()
        total += work(n + i)
    return total


class Loud:
    """Executes blocks when it is collected."""

    def __init__(self) -> None:
        self.itself: Loud | None = None

    def tie(self) -> Loud:
        """Make a cycle, which only the collector frees."""
        self.itself = self
        return self

    def __del__(self) -> None:
        work(21)


def make_garbage(n: int) -> None:
    """Leave n cycles to the collector."""
    for _ in range(n):
        Loud().tie()


def collects(n: int) -> int:
    """work(), with a collection in it."""
    total = work(n)
    gc.collect()
    return total + work(n + 1)


def drops(n: int) -> int:
    """work(), dropping a reference in it: that finalizer is its own."""
    loud = Loud()
    total = work(n)
    del loud
    return total


def counting(n: int) -> Iterator[int]:
    """A generator."""
    for i in range(n):
        yield work(i)
