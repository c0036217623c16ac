"""A gRPC service of all kinds of calls, of threads and of asyncio. It is instrumented.

A request is a number, as text; the kinds of calls are told apart by the first two letters of the
methods' names: unary or stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
from tests.service import paths

# Method, and the numbers that it is sent.
KINDS: list[tuple[str, tuple[int, ...]]] = [
    ("uu_line", (1,)),
    ("uu_line", (2,)),
    ("uu_steps", (3,)),
    ("uu_fail", (4,)),
    ("uu_abort", (5,)),
    ("us_items", (6,)),
    ("us_items", (7,)),
    ("us_written", (8,)),
    ("us_fail", (9,)),
    ("su_sum", (10, 11, 12)),
    ("su_sum", (13,)),
    ("ss_lines", (14, 15, 16)),
    ("ss_lines", (17, 18)),
    ("ss_last", (19, 20)),
]


class OfThreads:
    """Methods as they are under grpc.server()."""

    def uu_line(self, request: bytes, context: Any) -> bytes:
        return paths.line(int(request))

    def uu_steps(self, request: bytes, context: Any) -> bytes:
        return b"".join(paths.line(int(request) + i) for i in range(3))

    def uu_fail(self, request: bytes, context: Any) -> bytes:
        paths.fail(int(request))
        return b""

    def uu_abort(self, request: bytes, context: Any) -> bytes:
        paths.work(int(request))
        context.abort(grpc.StatusCode.NOT_FOUND, "no")
        return b""

    def us_items(self, request: bytes, context: Any) -> Iterator[bytes]:
        return paths.items(int(request))

    def us_written(self, request: bytes, context: Any) -> Iterator[bytes]:
        yield from paths.items(int(request))

    def us_fail(self, request: bytes, context: Any) -> Iterator[bytes]:
        yield paths.line(int(request))
        paths.fail(int(request))

    def su_sum(self, requests: Iterator[bytes], context: Any) -> bytes:
        return b"%d" % sum(paths.work(int(request)) for request in requests)

    def ss_lines(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for request in requests:
            yield paths.line(int(request))

    def ss_last(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        for request in requests:
            paths.work(int(request))
        yield paths.line(50)


class OfAsyncio:
    """The same under grpc.aio.server()."""

    async def uu_line(self, request: bytes, context: Any) -> bytes:
        return paths.line(int(request))

    async def uu_steps(self, request: bytes, context: Any) -> bytes:
        return await paths.steps(int(request))

    async def uu_fail(self, request: bytes, context: Any) -> bytes:
        await asyncio.sleep(0)
        paths.fail(int(request))
        return b""

    async def uu_abort(self, request: bytes, context: Any) -> bytes:
        paths.work(int(request))
        await context.abort(grpc.StatusCode.NOT_FOUND, "no")
        return b""

    async def us_items(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        async for part in paths.parts(int(request)):
            yield part

    async def us_written(self, request: bytes, context: Any) -> None:
        async for part in paths.parts(int(request)):
            await context.write(part)

    def us_fail(self, request: bytes, context: Any) -> Iterator[bytes]:
        """A plain function, which the server runs in a thread."""
        yield paths.line(int(request))
        paths.fail(int(request))

    async def su_sum(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b"%d" % sum([paths.work(int(request)) async for request in requests])

    async def ss_lines(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for request in requests:
            yield paths.line(int(request))

    async def ss_last(self, requests: AsyncIterator[bytes], context: Any) -> None:
        async for request in requests:
            await asyncio.sleep(0)
            paths.work(int(request))
        await context.write(paths.line(50))


MAKERS = {
    "uu": grpc.unary_unary_rpc_method_handler,
    "us": grpc.unary_stream_rpc_method_handler,
    "su": grpc.stream_unary_rpc_method_handler,
    "ss": grpc.stream_stream_rpc_method_handler,
}


def handlers(service: object) -> Any:
    """What a server of `service` is given."""
    names = [name for name in dir(service) if name[:2] in MAKERS]
    made = {name: MAKERS[name[:2]](getattr(service, name)) for name in names}
    return grpc.method_handlers_generic_handler("tests", made)
