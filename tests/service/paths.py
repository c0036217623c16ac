"""What the tests' services execute: it depends on the arguments alone. It is instrumented."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator


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


def line(n: int) -> bytes:
    """Twelve bytes."""
    return b"%011d\n" % work(n)


async def steps(n: int) -> bytes:
    """line(), with pauses in it."""
    for i in range(n % 4 + 1):
        await asyncio.sleep(0)
        work(n + i)
    return line(n)


async def parts(n: int) -> AsyncIterator[bytes]:
    """A body of three lines."""
    for i in range(3):
        await asyncio.sleep(0)
        yield line(n + i)
    work(n + 9)


def items(n: int) -> Iterator[bytes]:
    """The same, not asynchronous."""
    for i in range(3):
        yield line(n + i)
    work(n + 9)


def fail(n: int) -> None:
    """An error of the service."""
    work(n)
    raise RuntimeError("as it must")
