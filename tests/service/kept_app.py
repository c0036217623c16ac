"""A FastAPI application whose requests go on after their last byte, each in its way. It is
instrumented."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from tests.service import paths
from tests.service.raw import Kind

from pykcov.service.asgi import KcovMiddleware

KINDS = [
    Kind("/plain/1"),
    Kind("/yields/2"),
    Kind("/yields/3", "HEAD"),
    Kind("/sync/yields/4"),
    Kind("/background/5"),
    Kind("/background/sync/6"),
    Kind("/stream/7"),
    Kind("/fails/8", status=500),
    Kind("/fails/late/9", status=500),
    Kind("/yields/background/10"),
    Kind("/slow/11"),
    Kind("/listen/12"),
]
GONE = [Kind("/endless/13"), Kind("/slow/14"), Kind("/yields/15")]  # whose client does not wait

app = FastAPI(openapi_url=None)
app.add_middleware(KcovMiddleware)


async def resource(n: int) -> AsyncIterator[int]:
    yield n
    await asyncio.sleep(0.002 * (n % 3))
    paths.work(n + 30)


def sync_resource(n: int) -> Iterator[int]:
    try:
        yield n
    finally:
        paths.work(n + 31)


Resource = Annotated[int, Depends(resource)]
SyncResource = Annotated[int, Depends(sync_resource)]


@app.get("/plain/{n}")
async def plain(n: int) -> Response:
    return PlainTextResponse(paths.line(n))


@app.api_route("/yields/{n}", methods=["GET", "HEAD"])
async def yields(n: int, found: Resource) -> Response:
    return PlainTextResponse(paths.line(n + found))


@app.get("/sync/yields/{n}")
def sync_yields(n: int, found: SyncResource) -> Response:
    return PlainTextResponse(paths.line(n + found))


@app.get("/background/{n}")
async def background(n: int, tasks: BackgroundTasks) -> str:
    tasks.add_task(paths.steps, n + 20)
    tasks.add_task(paths.steps, n + 21)
    return paths.line(n).decode()


@app.get("/background/sync/{n}")
def background_sync(n: int, tasks: BackgroundTasks) -> str:
    tasks.add_task(paths.work, n + 20)
    return paths.line(n).decode()


@app.get("/stream/{n}")
async def stream(n: int, found: Resource) -> Response:
    return StreamingResponse(paths.parts(n + found))


@app.get("/fails/{n}")
async def fails(n: int) -> None:
    paths.fail(n)


@app.get("/fails/late/{n}")
async def fails_late(n: int, found: Resource) -> None:
    paths.fail(n + found)


@app.get("/yields/background/{n}")
async def both(n: int, found: Resource, other: SyncResource, tasks: BackgroundTasks) -> str:
    tasks.add_task(paths.steps, n + found + other)
    return paths.line(n).decode()


@app.get("/slow/{n}")
async def slow(n: int) -> Response:
    paths.work(n)
    await asyncio.sleep(0.003)
    paths.work(n + 1)
    return PlainTextResponse(paths.line(n))


@app.get("/listen/{n}")
async def listen(n: int, request: Request) -> Response:
    paths.work(n if await request.is_disconnected() else n + 1)
    return PlainTextResponse(paths.line(n))


@app.get("/endless/{n}")
async def endless(n: int) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for i in range(50):
            yield paths.line(n + i)
            await asyncio.sleep(0.001)

    return StreamingResponse(parts())
