"""Frameworks with servers of their own: 64 requests in flight are each traced as alone, and who has
a response's last byte has its trace."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import pytest
from tests.live.collector import Collector
from tests.marks import running
from tests.service import judging
from tests.service.raw import Client, Kind
from tests.service.test_last_byte import late
from websockets.sync.client import connect

import pykcov
from pykcov import refs
from pykcov.symbols.active import current_store

pytestmark = [pytest.mark.slow, pytest.mark.once]

# Requests that end with their response, and others that execute something behind it.
WHOLE = {
    "aiohttp": ["plain/1", "stream/4", "iterable/7"],
    "tornado": ["bare/1", "bare/2"],
    "sanic": ["plain/1", "stream/4"],
}
GOING_ON = {
    "aiohttp": ["eof/5", "length/6"],
    "tornado": ["stream/4", "length/5", "later/6"],
    "sanic": ["respond/5", "length/6"],
}


class Served(NamedTuple):
    name: str
    device: pykcov.Device
    port: int
    kinds: list[Kind]


@pytest.fixture(scope="module", params=WHOLE)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    name: str = request.param
    pytest.importorskip(name)
    for logger in ("aiohttp", "tornado", "sanic"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    end = pykcov.follow(ThreadPoolExecutor)
    try:
        with pykcov.instrument(include=judging.APPS):
            app: Any = importlib.import_module(f"tests.marks.{name}_app")
            server = getattr(running, f"{name}_server")
            with running.running(partial(server, app.made())) as port:
                shown = pykcov.serve(f"marks-{name}-{os.getpid()}")
                yield Served(name, pykcov.connect(shown.name), port, app.KINDS)
                shown.close()
    finally:
        end()


@pytest.fixture
def _let_go(served: Served) -> Iterator[None]:
    """The device is this process's: wait until it has seen that descriptors were closed."""
    before = len(refs.live())
    yield
    served.device.close()
    deadline = time.monotonic() + 10
    while len(refs.live()) > before and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.usefixtures("_let_go")
def test_64_in_flight(served: Served, note: Callable[[str], None]) -> None:
    with contextlib.ExitStack() as stack:  # whose end sees to it that no section is left
        clients = [stack.enter_context(c) for c in judging.socket_collectors(served.device)]
        done, _ = asyncio.run(judging.judge(served.port, served.kinds, clients))
    note(f"{served.name}: {done} requests traced as alone")


@pytest.mark.usefixtures("_let_go")
def test_clients_that_go_away(served: Served) -> None:
    """Their sections end, too."""

    async def leave(kind: Kind, pause: float) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(kind.bytes("seven"))
        await asyncio.sleep(pause)
        writer.transport.abort()

    with served.device.remote("seven") as t:
        kinds = [kind for kind in served.kinds if "file" not in kind.path]  # Sanic leaves it open
        for pause in (0, 0, 0.001, 0.005):
            for kind in kinds:
                asyncio.run(leave(kind, pause))
        deadline = time.monotonic() + 10
        while not len(t.pcs) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(t.pcs)
    assert t.complete


def test_the_last_byte(served: Served) -> None:
    found = {path: late(served.port, Kind(f"/{path}")) for path in WHOLE[served.name]}
    found |= {
        path: late(served.port, Kind(f"/{path}"), before_the_end(served.port, f"/{path}"))
        for path in GOING_ON[served.name]
    }
    assert set(found.values()) == {0}, found


def before_the_end(port: int, path: str) -> int:
    """Number of records up to the last call of paths.line(), whose bytes end the body."""

    async def fetch() -> None:
        async with Client(port) as client:
            await client.fetch(Kind(path), 7)
            await asyncio.sleep(0.1)

    with Collector(7) as client:
        asyncio.run(fetch())
        functions = [block.function for block in pykcov.symbolize(client.pcs(), current_store())]
    return len(functions) - functions[::-1].index("line")


@pytest.mark.parametrize("handle", [None, "nobody's", "0x", 0])
def test_without_a_handle_that_means_something(served: Served, handle: Any) -> None:
    async def fetch() -> None:
        async with Client(served.port) as client:
            for kind in served.kinds:
                answer = await client.fetch(kind, handle)
                assert answer.status == kind.status

    with Collector(7) as client:
        asyncio.run(fetch())
        assert client.pcs() == []


@pytest.mark.usefixtures("_let_go")
def test_a_websocket(served: Served) -> None:
    """It is published when it ends, and Tornado's at each message."""

    def calls() -> int:
        return [block.function for block in t.blocks].count("line")

    with served.device.remote("socket") as t:
        with connect(
            f"ws://127.0.0.1:{served.port}/ws/5", additional_headers={"X-Kcov-Handle": "socket"}
        ) as socket:
            for n in (1, 2, 3):
                socket.send(str(n))
                assert len(socket.recv()) == 12
                if served.name == "tornado":
                    assert calls() == n
        deadline = time.monotonic() + 10
        while not calls() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert t.complete
    assert calls() == 3
