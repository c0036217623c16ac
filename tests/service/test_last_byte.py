"""On real servers: who has the last byte of a response has its whole trace. Websockets likewise."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.live.collector import Collector
from tests.service import judging, serving
from tests.service.judging import late
from tests.service.raw import Kind, read
from websockets.sync.client import connect

import pykcov

pytestmark = [pytest.mark.slow, pytest.mark.once]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def uvicorn_port() -> Iterator[int]:
    with pykcov.instrument(include=judging.APPS):
        from tests.service import starlette_app

        with serving.uvicorn_of(starlette_app.app) as port:
            yield port


@pytest.fixture(scope="module")
def waitress_port() -> Iterator[int]:
    with pykcov.instrument(include=judging.APPS):
        from tests.service import flask_app

        with serving.waitress_of(flask_app.app) as port:
            yield port


@pytest.mark.parametrize("path", ["/plain/1", "/steps/3", "/sync/4", "/stream/5", "/items/6"])
def test_uvicorn(uvicorn_port: int, path: str) -> None:
    assert late(uvicorn_port, Kind(path)) == 0


@pytest.mark.parametrize("path", ["/plain/1", "/stream/3", "/memory/9", "/empty/10", "/json/14"])
def test_waitress(waitress_port: int, path: str) -> None:
    assert late(waitress_port, Kind(path)) == 0


def alone(*numbers: int) -> list[int]:
    from tests.service import paths

    with pykcov.trace(1 << 12) as t:
        for n in numbers:
            paths.work(n)
    return list(t.pcs)


def test_a_websocket(uvicorn_port: int) -> None:
    def traced(trace: list[int], n: int) -> bool:
        """Is there a whole work(n), and nothing behind it but the way back to the next message?"""
        part = alone(n)
        found = [trace[i : i + len(part)] == part for i in range(len(trace))]
        return any(found)

    with (
        Collector("socket") as client,
        connect(
            f"ws://127.0.0.1:{uvicorn_port}/ws/40", additional_headers={"X-Kcov-Handle": "socket"}
        ) as socket,
    ):
        assert traced(client.take(), 40)
        for n in (3, 17, 30):
            socket.send(str(n))
            socket.recv()
            assert traced(client.take(), n)
        socket.send("bye")
        for _ in socket:
            raise AssertionError
        assert traced(client.pcs(), 41)


def test_pipelined_requests(uvicorn_port: int) -> None:
    """The second one comes while the first one runs, and is begun where that one is sent."""

    async def fetch(*requests: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", uvicorn_port)
        writer.write(b"".join(requests))
        for _ in requests:
            assert (await read(reader)).status == 200
        await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()

    first, second = Kind("/later/10"), Kind("/steps/3")
    with Collector("one") as one, Collector("two") as two:
        asyncio.run(fetch(first.bytes("one")))
        asyncio.run(fetch(second.bytes("two")))
        expected = one.take(), two.take()
        for _ in range(20):
            asyncio.run(fetch(first.bytes("one"), second.bytes("two")))
            assert (one.take(), two.take()) == expected
