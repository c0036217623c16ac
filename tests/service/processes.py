"""The processes of a launched service: which answer, who shows the device, what they trace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.service import judging
from tests.service.launched import Launched
from tests.service.raw import Client, Kind

import pykcov
from pykcov.service.client import Device

PATIENCE = 30.0  # seconds for what must come
KIND = Kind("/plain/1")


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def fetch(port: int, handle: str | None = None) -> int:
    """Send a request over a new connection; returns which process answered."""

    async def sent() -> int:
        async with Client(port) as client:
            answer = await client.fetch(KIND, handle)
        assert answer.status == KIND.status, answer
        return int(answer.headers["x-process"])

    return asyncio.run(sent())


def served(port: int) -> set[int]:
    """The processes that answer, of so many requests."""
    return {fetch(port) for _ in range(24)}


def answers(port: int) -> bool:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        return bool(fetch(port))
    return False


def shown_by(name: str) -> int:
    """The pid of who shows a device; 0 if nobody does."""
    with contextlib.suppress(pykcov.PykcovError, OSError):
        return int(pykcov.connect(name).info["pid"])
    return 0


def replace_holder(service: Launched, signum: int) -> None:
    """Send the process that shows the device a signal, and wait for another one that does."""
    holder = shown_by(service.device)
    os.kill(holder, signum)
    until(lambda: shown_by(service.device) not in (0, holder), "nobody took over")


def traced(service: Launched, processes: int) -> tuple[list[int], set[int]]:
    """Send requests until so many processes have answered often enough.

    Returns the trace that all requests have in common, but for the first two of each process, in
    which happens what happens once; and which processes answered.
    """
    traces: dict[int, list[tuple[int, ...]]] = {}
    device: Device = pykcov.connect(service.device)
    deadline = time.monotonic() + PATIENCE
    with ThreadPoolExecutor(3) as pool, device.remote("traced") as t:
        while sum(len(found) > 4 for found in traces.values()) < processes:
            assert time.monotonic() < deadline, {pid: len(found) for pid, found in traces.items()}
            # Others at the same time: an idle machine wakes the same workers again and again.
            others = [pool.submit(fetch, service.port, "nobody's") for _ in range(3)]
            process = fetch(service.port, "traced")
            for other in others:
                other.result()
            until(lambda: len(t.pcs) > 0, f"no record of {process}")
            time.sleep(0.02)  # what follows the response
            assert t.complete
            traces.setdefault(process, []).append(tuple(t.pcs))
            t.clear()
    (trace,) = {trace for found in traces.values() for trace in found[2:]}
    assert len(trace) > 10
    return list(trace), set(traces)


def all_are_alike(service: Launched, expected: list[int], processes: int) -> set[int]:
    """That trace is every process's; returns which answered."""
    trace, found = traced(service, processes)
    assert trace == expected
    return found


def judged(service: Launched, kinds: Sequence[Kind]) -> tuple[int, int]:
    """As judging.judge(). The descriptors are kept for all requests."""
    device = pykcov.connect(service.device)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(c) for c in judging.socket_collectors(device)]
        return asyncio.run(judging.judge(service.port, kinds, clients))
