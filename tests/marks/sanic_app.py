"""A Sanic application of kinds of requests, each with a path of its own. It is instrumented."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sanic import Request, Sanic, response
from sanic.exceptions import Forbidden
from sanic.response import HTTPResponse
from tests.service import paths
from tests.service.raw import Kind

from pykcov.marks.sanic import attach

KINDS = [
    Kind("/plain/1"),
    Kind("/plain/2", "HEAD"),
    Kind("/steps/3"),
    Kind("/stream/4"),
    Kind("/respond/5"),
    Kind("/length/6"),
    Kind("/gather/7"),
    Kind("/thread/8"),
    Kind("/executor/9"),
    Kind("/file/10"),
    Kind("/empty/11", status=204),
    Kind("/body/12", "POST", b"three words here"),
    Kind("/fail/13", status=500),
    Kind("/refused/14", status=403),
    Kind("/sync/15"),
]


def made() -> Sanic[Any, Any]:
    app: Sanic[Any, Any] = Sanic("pykcov_tests", configure_logging=False)
    attach(app)

    @app.on_request
    async def before(request: Request) -> None:
        paths.work(40)

    @app.on_response
    async def after(request: Request, answer: HTTPResponse) -> None:
        paths.work(41)

    @app.route("/plain/<n:int>", methods=["GET", "HEAD"])
    async def plain(request: Request, n: int) -> HTTPResponse:
        return response.raw(paths.line(n))

    @app.get("/sync/<n:int>")
    def sync(request: Request, n: int) -> HTTPResponse:
        return response.raw(paths.line(n))

    @app.get("/steps/<n:int>")
    async def steps(request: Request, n: int) -> HTTPResponse:
        return response.raw(await paths.steps(n))

    @app.get("/stream/<n:int>")
    async def stream(request: Request, n: int) -> response.ResponseStream:
        async def write(answer: Any) -> None:
            async for part in paths.parts(n):
                await answer.write(part.decode())

        return response.ResponseStream(write)

    @app.get("/respond/<n:int>")
    async def respond(request: Request, n: int) -> None:
        answer: Any = await request.respond()
        async for part in paths.parts(n):
            await answer.send(part)
        await answer.eof()
        await asyncio.sleep(0)
        paths.work(n + 20)

    @app.get("/length/<n:int>")
    async def length(request: Request, n: int) -> None:
        answer: Any = await request.respond(headers={"Content-Length": "36"})
        async for part in paths.parts(n):
            await answer.send(part)

    @app.get("/gather/<n:int>")
    async def gather(request: Request, n: int) -> HTTPResponse:
        found = await asyncio.gather(*(paths.steps(n + i) for i in range(3)))
        return response.raw(b"".join(found))

    @app.get("/thread/<n:int>")
    async def thread(request: Request, n: int) -> HTTPResponse:
        return response.raw(await asyncio.to_thread(paths.line, n))

    @app.get("/executor/<n:int>")
    async def executor(request: Request, n: int) -> HTTPResponse:
        loop = asyncio.get_running_loop()
        return response.raw(await loop.run_in_executor(None, paths.line, n))

    @app.get("/file/<n:int>")
    async def file(request: Request, n: int) -> response.ResponseStream:
        paths.work(n)
        return await response.file_stream(Path(__file__), chunk_size=256)

    @app.get("/empty/<n:int>")
    async def empty(request: Request, n: int) -> HTTPResponse:
        paths.work(n)
        return response.empty()

    @app.post("/body/<n:int>")
    async def body(request: Request, n: int) -> HTTPResponse:
        for word in request.body.split():
            paths.work(n + len(word))
        return response.text("words")

    @app.get("/fail/<n:int>")
    async def fail(request: Request, n: int) -> None:
        paths.fail(n)

    @app.websocket("/ws/<n:int>")
    async def ws(request: Request, socket: Any, n: int) -> None:
        async for message in socket:
            await socket.send(paths.line(int(message)))

    @app.get("/refused/<n:int>")
    async def refused(request: Request, n: int) -> None:
        paths.work(n)
        raise Forbidden("no")

    return app
