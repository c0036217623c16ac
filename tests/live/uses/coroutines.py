"""Coroutines and asynchronous generators, driven by hand: a subject like constructs.py."""

# fmt: off
# mypy: ignore-errors

from __future__ import annotations


class Pause:
    """Suspends whoever awaits it, `times` times; `wait` may also be thrown into."""

    def __init__(self, times, answer=None): self.times, self.answer = times, answer

    def __await__(self):
        for n in range(self.times):
            try:
                yield n
            except KeyError: return "caught"
        return self.answer

    async def __aenter__(self):
        return await self

    async def __aexit__(self, kind, value, trace):
        await self
        return kind is LookupError


class Ticker:
    """An asynchronous iterator that ends, or raises."""

    def __init__(self, count, error=StopAsyncIteration): self.count, self.error = count, error

    def __aiter__(self): return self

    async def __anext__(self):
        await Pause(1)
        self.count -= 1
        if self.count < 0: raise self.error
        return self.count


async def waits(log):
    log.append(await Pause(2, "two"))
    async for n in Ticker(3):
        if n == 1: continue
        log.append(n)
    else:
        log.append("over")
    async with Pause(1, "in") as inside, Pause(0):
        log.append(inside)
        raise LookupError
    log.append([x async for x in Ticker(2) if x or await Pause(1, True)])
    try:
        async for n in Ticker(1, ZeroDivisionError):
            log.append(n)
        log.append("never")
    except ZeroDivisionError: log.append("zero")
    async for _ in Ticker(0): log.append("never")
    got = await Pause(1, 1) + (await Pause(1, 2)
                               if log else 0)
    return got


async def counts(n):
    for i in range(n):
        try:
            got = yield await Pause(1, i)
            if got: yield got
        except KeyError:
            yield "thrown"
        finally: await Pause(1)


async def feeds(log):
    gen = counts(3)
    log += [await gen.__anext__(), await gen.asend("sent"), await gen.__anext__()]
    log.append(await gen.athrow(KeyError))
    await gen.aclose()
    log += [x async for x in counts(2)]


def drive(coroutine, throw=()):
    """Run a coroutine by hand; throw these at its pauses."""
    asked = 0
    try:
        coroutine.send(None)
        while True:
            asked += 1
            if asked in throw: coroutine.throw(throw[asked])
            else: coroutine.send(asked)
    except StopIteration as stop: return stop.value, asked
    except Exception as error: return type(error).__name__, asked


def run():
    """Do all of it."""
    out = []
    for throw in ({}, {1: KeyError}, {2: ValueError}, {5: KeyError}, {7: OSError}):
        log = []
        out += [drive(waits(log), throw), log]
    log = []
    out += [drive(feeds(log)), log]
    closed = waits([]); closed.send(None); closed.close()
    return out
