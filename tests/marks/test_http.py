"""Frameworks with servers of their own: 64 requests in flight are each traced as alone, and who has
a response's last byte has its trace."""

from __future__ import annotations

import asyncio
import importlib
import logging
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

import pykcov
from pykcov.instrumentation.session import current_store

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
                yield Served(name, port, app.KINDS)
    finally:
        end()


def test_64_in_flight(served: Served, note: Callable[[str], None]) -> None:
    clients = judging.collectors()
    for client in clients:
        client.enable()
    try:
        done, _ = asyncio.run(judging.judge(served.port, served.kinds, clients))
    finally:
        for client in clients:
            client.disable()
            client.close()
    note(f"{served.name}: {done} requests traced as alone")


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
