"""The ASGI middleware before a server that the test plays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.live.collector import Collector
from tests.service import paths

import pykcov
from pykcov.service.asgi import KcovMiddleware

START = {"type": "http.response.start", "status": 200, "headers": []}


@pytest.fixture(autouse=True, scope="module")
def instrumented() -> Iterator[None]:
    with pykcov.instrument(include=["**/tests/service/paths.py"]):
        yield


def alone(*numbers: int) -> list[int]:
    with pykcov.trace(1 << 12) as t:
        for n in numbers:
            paths.work(n)
    return list(t.pcs)


def scope(handle: object = "seven", method: str = "GET", kind: str = "http") -> dict[str, Any]:
    headers = [(b"host", b"test"), (b"x-kcov-handle", str(handle).encode())]
    return {"type": kind, "method": method, "headers": headers}


def body(data: bytes = b"", more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def start(status: int = 200, **headers: str) -> dict[str, Any]:
    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


STREAM = start(content_type="text/event-stream")
ZIPPED = start(content_encoding="gzip", content_type="text/event-stream")


async def receive() -> Any:
    return {"type": "http.disconnect"}


def run(app: Any, given: dict[str, Any]) -> tuple[list[list[int]], list[int]]:
    """What had been published when each message was handed on, and at last."""
    found = []

    async def send(message: Any) -> None:
        paths.work(60)  # the server's own
        await asyncio.sleep(0)
        found.append(client.pcs())
        paths.work(61)

    async def receive_too() -> Any:
        paths.work(62)
        return {"type": "http.disconnect"}

    with Collector("seven") as client:
        asyncio.run(KcovMiddleware(app)(given, receive_too, send))
        return found, client.pcs()


def sending(*messages: dict[str, Any]) -> Any:
    """An application that executes work(i) before its message number i, and work(9) after all."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for i, message in enumerate(messages):
            paths.work(i)
            await receive()
            await send(message)
        paths.work(9)

    return app


@pytest.mark.parametrize(
    ("method", "messages", "whole"),
    [
        ("GET", [START, body()], [1]),
        ("GET", [START, body(b"ab", True), body(b"cd", True), body()], [3]),
        ("GET", [start(Content_Length="4"), body(b"ab", True), body(b"cd", True), body()], [2, 3]),
        ("GET", [start(Content_Length="4"), body(b"ab"), body(b"cd", True), body()], [1, 2, 3]),
        ("GET", [start(content_length="0"), body()], [0, 1]),
        ("GET", [start(content_length="none"), body(b"", True), body()], [2]),
        ("GET", [start(204), body()], [0, 1]),
        ("GET", [start(304, content_length="5"), body()], [0, 1]),
        ("HEAD", [start(content_length="5"), body(b"12345")], [0, 1]),
        ("GET", [START, {"type": "http.response.pathsend", "path": "/"}], [1]),
        (
            "GET",
            [START, body(), {"type": "http.response.trailers", "more_trailers": False}],
            [1, 2],
        ),
        ("GET", [{"type": "http.response.debug"}, START, body()], [2]),
        ("GET", [STREAM, body(b"a\n", True), body(b"\n", True), body(b"\n\nb", True)], [2, 3]),
        ("GET", [STREAM, body(b"a\r", True), body(b"\n", True), body()], [3]),
        ("GET", [start(content_type="text/plain"), body(b"a\n\n", True), body()], [2]),
        ("GET", [ZIPPED, body(b"a", True), body(b"", True), body(b"b")], [1, 2, 3]),
    ],
)
def test_published_before_the_response_can_be_whole(
    method: str, messages: list[Any], whole: list[int]
) -> None:
    found, last = run(sending(*messages), scope(method=method))
    published: list[int] = []
    for i in range(len(messages)):
        if i in whole:
            published = alone(*range(i + 1))
        assert found[i] == published, i
    assert last == alone(*range(len(messages)), 9)


def test_an_exception_passes_with_what_led_to_it() -> None:
    error = RuntimeError("as it must")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        paths.work(1)
        raise error

    async def send(message: Any) -> None: ...

    with Collector("seven") as client:
        with pytest.raises(RuntimeError) as caught:
            asyncio.run(KcovMiddleware(app)(scope(), receive, send))
        assert caught.value is error
        assert client.pcs() == alone(1)


@pytest.mark.parametrize(
    "given",
    [
        scope("nobody"),
        scope(0),
        scope(""),
        {"type": "http", "headers": []},
        {"type": "lifespan"},
        {"type": "lifespan", "headers": [(b"x-kcov-handle", b"seven")]},
        scope(kind="webtransport"),
    ],
)
def test_inert(given: dict[str, Any]) -> None:
    seen: list[object] = []

    async def app(*arguments: Any) -> None:
        paths.work(1)
        seen.extend(arguments)

    async def send(message: Any) -> None: ...

    with Collector("seven") as client:
        asyncio.run(KcovMiddleware(app)(given, receive, send))
        assert client.pcs() == []
    assert seen[0] is given
    assert seen[1:] == [receive, send]


def test_another_header() -> None:
    given = {"type": "http", "headers": [(b"x-schemathesis-testcaseid", b"seven")]}
    middleware = KcovMiddleware(sending(START, body()), header="X-Schemathesis-TestCaseId")

    async def send(message: Any) -> None: ...

    with Collector("seven") as client:
        asyncio.run(middleware(given, receive, send))
        assert client.pcs() == alone(0, 1, 9)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_secret(kind: str) -> None:
    async def send(message: Any) -> None: ...

    middleware = KcovMiddleware(sending(START, body()), secret="of tests")
    values = ["seven", pykcov.signed("seven", "of another"), pykcov.signed("eight", "of tests")]
    with Collector("seven") as client:
        for value in values:
            asyncio.run(middleware(scope(value, kind=kind), receive, send))
            assert client.pcs() == []
        asyncio.run(middleware(scope(pykcov.signed("seven", "of tests"), kind=kind), receive, send))
        assert client.pcs() == alone(0, 1, 9)


def test_whatever_task_sends() -> None:
    """The application's tasks are all in what follows, too, the first one included."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def child() -> None:
            paths.work(1)
            await send(START)
            await send(body())
            paths.work(2)

        async def last_one() -> None:
            paths.work(4)

        paths.work(0)
        await asyncio.create_task(child())
        paths.work(3)
        await asyncio.create_task(last_one())

    found, last = run(app, scope())
    assert found == [[], alone(0, 1)]
    assert last == alone(0, 1, 2, 3, 4)


def test_what_the_server_begins_meanwhile_is_no_part_of_it() -> None:
    """A server that is sending the end of a response may begin the next request of its connection,
    and one that receives reads on: both in a copy of the application's context."""
    tasks: list[asyncio.Task[None]] = []

    async def main(client: Collector, other: Collector) -> None:
        async def next_request() -> None:
            await KcovMiddleware(sending(START, body()))(scope("eight"), receive, quiet_send)

        async def quiet_send(message: Any) -> None: ...

        async def send(message: Any) -> None:
            tasks.append(asyncio.create_task(next_request()))

        async def receive_too() -> Any:
            tasks.append(asyncio.create_task(next_request()))
            await asyncio.sleep(0.01)
            return {"type": "http.disconnect"}

        await KcovMiddleware(sending(START, body()))(scope(), receive_too, send)
        await asyncio.gather(*tasks)

    with Collector("seven") as client, Collector("eight") as other:
        asyncio.run(main(client, other))
        assert client.pcs() == alone(0, 1, 9)
        found = other.pcs()
        assert len(tasks) == 4
        assert len(found) == 4 * len(alone(0, 1, 9))
        assert sorted(found) == sorted(alone(0, 1, 9) * 4)


def test_a_task_that_outlives_the_request_is_recorded_no_more() -> None:
    async def main() -> None:
        tasks = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            async def later() -> None:
                await asyncio.sleep(0.02)
                await send(body())
                paths.work(2)

            tasks.append(asyncio.create_task(later()))
            paths.work(0)

        async def send(message: Any) -> None:
            paths.work(3)

        await KcovMiddleware(app)(scope(), receive, send)
        await asyncio.gather(*tasks)

    with Collector("seven") as client:
        asyncio.run(main())
        assert client.pcs() == alone(0)


def test_a_websocket_is_published_at_each_message_it_sends() -> None:
    messages = [{"type": f"websocket.{kind}"} for kind in ("accept", "send", "send", "close")]
    found, last = run(sending(*messages), scope(kind="websocket"))
    assert found == [alone(*range(i + 1)) for i in range(4)]
    assert last == alone(0, 1, 2, 3, 9)


def test_blocks_of_what_follows_are_told_again() -> None:
    async def send(message: Any) -> None: ...

    with Collector("seven", recording_mode="blocks") as client:
        app = sending(START, body(), body())
        asyncio.run(KcovMiddleware(app)(scope(), receive, send))
        first, *rest = [set(alone(0, 1)), set(alone(2)), set(alone(9))]
        assert sorted(client.pcs()) == sorted([*first, *rest[0], *rest[1]])
