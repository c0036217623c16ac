"""One kept handle a client, clear() between requests: each trace is that of its request alone.

Requests go on after their last byte (dependencies with yield, background tasks, streams whose
reader has gone), while the next one of the same handle is answered, by whatever worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.service import launched
from tests.service.kept_app import GONE, KINDS
from tests.service.raw import Client, Kind

import pykcov
from pykcov.service.remote_trace import RemoteTrace

pytestmark = pytest.mark.slow
TOTAL = 5000 if os.environ.get("PYKCOV_SOAK") else 400
SIZE = 1 << 15  # words
FRAMEWORKS = ("**/site-packages/starlette/**", "**/site-packages/fastapi/**")


async def over(trace: RemoteTrace) -> None:
    """Wait as RemoteTrace.wait() does, but let others run meanwhile."""
    for _ in range(5000):
        found = trace.sections
        if 0 < found.began == found.over:
            break
        await asyncio.sleep(0.001)
    assert trace.wait(1), trace.sections


async def ask(client: Client, kind: Kind, trace: RemoteTrace, waits: bool) -> list[int]:
    """What one request executes."""
    trace.clear()
    answer = await client.fetch(kind, trace.name)
    assert answer.status == kind.status, (kind, answer)
    if waits:
        await over(trace)
    assert trace.complete, (kind, trace.sections)
    return trace.pcs.tolist()


async def leave(port: int, kind: Kind, trace: RemoteTrace) -> None:
    """Send a request, and go when it has begun, before its answer or in the middle of it."""
    trace.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(kind.bytes(trace.name))
    while not trace.sections.began:
        await asyncio.sleep(0.0005)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(reader.read(100), 0.001)
    writer.close()


async def judge(
    port: int,
    kinds: Sequence[Kind],
    traces: Sequence[RemoteTrace],
    waits: bool,
    gone: Sequence[Kind] = (),
) -> int:
    """Return how many traces there were, all as they must be. Raises AssertionError."""
    expected: dict[Kind, list[int]] = {}
    async with Client(port) as client:
        for _ in range(3):  # what happens once happens now
            for kind in kinds:
                expected[kind] = await ask(client, kind, traces[0], waits)
                await asyncio.sleep(0.02)
    assert len({tuple(found) for found in expected.values()}) == len(kinds)
    wrong: list[str] = []
    done = 0

    async def slot(number: int) -> None:
        nonlocal done
        trace = traces[number]
        async with Client(port) as client:
            for i in range(TOTAL // len(traces)):
                kind = kinds[(number * 7 + i) % len(kinds)]
                if gone and i % 5 == 4:
                    await leave(port, gone[i % len(gone)], trace)
                found = await ask(client, kind, trace, waits)
                if found != expected[kind]:
                    wrong.append(f"{kind}: {len(found)} records of {len(expected[kind])}")
                done += 1

    await asyncio.gather(*(slot(number) for number in range(len(traces))))
    assert not wrong, (len(wrong), wrong[:10])
    return done


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("in_flight", [1, 64])
# In one worker of several, what the framework does once may be yet to come.
@pytest.mark.parametrize(("workers", "framework"), [(1, False), (1, True), (3, False)])
def test_fastapi(
    note: Callable[[str], None],
    tmp_path: Path,
    workers: int,
    framework: bool,
    in_flight: int,
    waits: bool,
) -> None:
    words = launched.of_device(
        *["-m", "uvicorn", "tests.service.kept_app:app", "--port", "0"],
        *["--workers", str(workers), "--no-access-log", "--ws", "none"],
        include=FRAMEWORKS if framework else (),
    )
    ready = "Application startup complete"
    status = -signal.SIGTERM if workers == 1 else 0  # it sends itself the signal that it was sent
    with launched.launched(words, tmp_path / "log", ready, workers, status=status) as service:
        device = pykcov.connect(service.device)
        with contextlib.ExitStack() as stack:
            traces = [
                stack.enter_context(device.remote(f"slot {i}", SIZE)) for i in range(in_flight)
            ]
            done = asyncio.run(judge(service.port, KINDS, traces, waits, GONE))
    told = f"{in_flight} in flight, {'with' if waits else 'without'} after-work"
    note(f"FastAPI, {workers} workers, kept handles, {told}: {done} requests traced as alone")
