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
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.service import judging, launched
from tests.service.raw import Client, Kind

import pykcov
from pykcov.service.remote_trace import RemoteTrace

pytestmark = [pytest.mark.slow, pytest.mark.once]
SOAK = bool(os.environ.get("PYKCOV_SOAK"))
TOTAL = 5000 if SOAK else 400
SIZE = 1 << 15  # words


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


@dataclass(frozen=True)
class Server:
    """How one is run. kinds: of requests that it answers. gone: of such whose client leaves.
    status: with which SIGTERM ends it."""

    words: tuple[str, ...]
    ready: str
    kinds: Sequence[Kind]
    framework: tuple[str, ...]
    workers: int = 1
    gone: Sequence[Kind] = ()
    status: int = 0


def uvicorn(app: str, workers: int) -> tuple[str, ...]:
    more = ("--workers", str(workers), "--no-access-log", "--ws", "none", "--lifespan", "auto")
    return ("-m", "uvicorn", app, "--port", "0", *more)


GUNICORN = ("-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket", "--threads", "16")
STARTED, BOOTING = "Application startup complete", "Booting worker"
OWN = -signal.SIGTERM  # uvicorn sends itself the signal that it was sent
FASTAPI = ("**/site-packages/starlette/**", "**/site-packages/fastapi/**")
FLASK = ("**/site-packages/flask/**", "**/site-packages/werkzeug/**")
DJANGO = ("**/site-packages/django/core/handlers/**", "**/site-packages/django/http/**")


def servers() -> dict[str, Server]:
    """By name. Applications are imported as other tests need them."""
    with pykcov.instrument(include=judging.APPS):
        from tests.service import django_app, flask_app, kept_app
    fastapi = "tests.service.kept_app:app"
    kinds, gone = kept_app.KINDS, kept_app.GONE
    return {
        "FastAPI": Server(uvicorn(fastapi, 1), STARTED, kinds, FASTAPI, 1, gone, OWN),
        "FastAPI, 3 workers": Server(uvicorn(fastapi, 3), STARTED, kinds, FASTAPI, 3, gone),
        "Django": Server(
            (*GUNICORN, "tests.service.django_app:wsgi_app"), BOOTING, django_app.KINDS, DJANGO
        ),
        "Flask": Server(
            (*GUNICORN, "tests.service.flask_app:app"), BOOTING, flask_app.KINDS, FLASK
        ),
    }


@pytest.mark.parametrize("waits", [False, True], ids=["answers", "after-work"])
@pytest.mark.parametrize("in_flight", [1, 64])
# In one worker of several, what the framework does once may be yet to come.
@pytest.mark.parametrize(
    ("name", "framework"),
    [
        ("FastAPI", False),
        ("FastAPI", True),
        ("FastAPI, 3 workers", False),
        ("Django", False),
        ("Django", True),
        ("Flask", False),
        ("Flask", True),
    ],
)
def test_kept(
    note: Callable[[str], None],
    tmp_path: Path,
    name: str,
    framework: bool,
    in_flight: int,
    waits: bool,
) -> None:
    if in_flight == 1 and name != "FastAPI" and not SOAK:
        pytest.skip("one in flight: `make soak` has it")
    server = servers()[name]
    words = launched.of_device(*server.words, include=server.framework if framework else ())
    log = tmp_path / "log"
    with launched.launched(
        words, log, server.ready, server.workers, status=server.status
    ) as service:
        device = pykcov.connect(service.device)
        with contextlib.ExitStack() as stack:
            traces = [
                stack.enter_context(device.remote(f"slot {i}", SIZE)) for i in range(in_flight)
            ]
            done = asyncio.run(judge(service.port, server.kinds, traces, waits, server.gone))
    told = f"{in_flight} in flight, {'with' if waits else 'without'} after-work"
    told += ", framework instrumented" if framework else ""
    note(f"{name}, kept handles, {told}: {done} requests traced as alone")
