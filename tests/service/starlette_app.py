"""A FastAPI application of kinds of requests, each with a path of its own. It is instrumented."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from fastapi import FastAPI, Request, WebSocket
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from tests.service import paths
from tests.service.raw import Kind

from pykcov.service.asgi import KcovMiddleware

KINDS = [
    Kind("/plain/1"),
    Kind("/plain/2", "HEAD"),
    Kind("/steps/3"),
    Kind("/sync/4"),
    Kind("/stream/5"),
    Kind("/items/6"),
    Kind("/length/7"),
    Kind("/gather/8"),
    Kind("/thread/9"),
    Kind("/later/10"),
    Kind("/file/11"),
    Kind("/empty/12", status=204),
    Kind("/body/13", "POST", b"three words here"),
    Kind("/fail/14", status=500),
    Kind("/wrapped/later/15"),
    Kind("/wrapped/stream/16"),
    Kind("/missing", status=404),
]

api = FastAPI(openapi_url=None)


@api.api_route("/plain/{n}", methods=["GET", "HEAD"])
async def plain(n: int) -> Response:
    return PlainTextResponse(paths.line(n))


@api.get("/steps/{n}")
async def steps(n: int) -> Response:
    return PlainTextResponse(await paths.steps(n))


@api.get("/sync/{n}")
def sync(n: int) -> Response:
    return PlainTextResponse(paths.line(n))


@api.get("/stream/{n}")
async def stream(n: int) -> Response:
    return StreamingResponse(paths.parts(n))


@api.get("/items/{n}")
async def items(n: int) -> Response:
    return StreamingResponse(paths.items(n))


@api.get("/length/{n}")
async def length(n: int) -> Response:
    return StreamingResponse(paths.parts(n), headers={"Content-Length": "36"})


@api.get("/gather/{n}")
async def gather(n: int) -> Response:
    found = await asyncio.gather(*(paths.steps(n + i) for i in range(3)))
    return PlainTextResponse(b"".join(found))


@api.get("/thread/{n}")
async def thread(n: int) -> Response:
    return PlainTextResponse(await asyncio.to_thread(paths.line, n))


@api.get("/later/{n}")
async def later(n: int) -> Response:
    return PlainTextResponse(paths.line(n), background=BackgroundTask(paths.steps, n + 20))


@api.get("/file/{n}")
async def file(n: int) -> Response:
    paths.work(n)
    return FileResponse(Path(__file__))


@api.get("/empty/{n}")
async def empty(n: int) -> Response:
    paths.work(n)
    return Response(status_code=204, background=BackgroundTask(paths.steps, n + 20))


@api.post("/body/{n}")
async def body(n: int, request: Request) -> Response:
    for word in (await request.body()).split():
        paths.work(n + len(word))
    return PlainTextResponse(b"words")


@api.get("/fail/{n}")
async def fail(n: int) -> None:
    paths.fail(n)


@api.websocket("/ws/{n}")
async def ws(socket: WebSocket, n: int) -> None:
    paths.work(n)
    await socket.accept()
    while (word := await socket.receive_text()) != "bye":
        await socket.send_bytes(paths.line(int(word)))
    paths.work(n + 1)
    await socket.close()
    paths.work(n + 2)


async def timed(request: Request, call_next: RequestResponseEndpoint) -> Response:
    paths.work(30)
    response = await call_next(request)
    paths.work(31)
    return response


wrapped = FastAPI(openapi_url=None)
wrapped.add_middleware(BaseHTTPMiddleware, dispatch=timed)
wrapped.get("/later/{n}")(later)
wrapped.get("/stream/{n}")(stream)
api.mount("/wrapped", wrapped)

app = KcovMiddleware(api)


async def signed(scope: Scope, receive: Receive, send: Send) -> None:
    """app, which says in a header whose process it is."""

    async def send_signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-process", b"%d" % os.getpid())]
        await send(message)

    await app(scope, receive, send_signed)
