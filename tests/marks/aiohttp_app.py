"""An aiohttp application of kinds of requests, each with a path of its own. It is instrumented."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web
from tests.service import paths
from tests.service.raw import Kind

from pykcov.marks.aiohttp import middleware

KINDS = [
    Kind("/plain/1"),
    Kind("/plain/2", "HEAD"),
    Kind("/steps/3"),
    Kind("/stream/4"),
    Kind("/eof/5"),
    Kind("/length/6"),
    Kind("/iterable/7"),
    Kind("/iterable/7", "HEAD"),
    Kind("/gather/8"),
    Kind("/thread/9"),
    Kind("/executor/10"),
    Kind("/file/11"),
    Kind("/empty/13", status=204),
    Kind("/body/14", "POST", b"three words here"),
    Kind("/fail/15", status=500),
    Kind("/refused/16", status=403),
    Kind("/sub/later/17"),
]

routes = web.RouteTableDef()


def n_of(request: web.Request) -> int:
    return int(request.match_info["n"])


@routes.get("/plain/{n}")
async def plain(request: web.Request) -> web.Response:
    return web.Response(body=paths.line(n_of(request)))


@routes.get("/steps/{n}")
async def steps(request: web.Request) -> web.Response:
    return web.Response(body=await paths.steps(n_of(request)))


async def write(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    await response.prepare(request)
    async for part in paths.parts(n_of(request)):
        await response.write(part)
    return response


@routes.get("/stream/{n}")
async def stream(request: web.Request) -> web.StreamResponse:
    return await write(request, web.StreamResponse())


@routes.get("/eof/{n}")
async def eof(request: web.Request) -> web.StreamResponse:
    response = await write(request, web.StreamResponse())
    await response.write_eof(b"end")
    await asyncio.sleep(0)
    paths.work(n_of(request) + 20)
    return response


@routes.get("/length/{n}")
async def length(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "36"})
    await write(request, response)
    paths.work(n_of(request) + 20)
    return response


@routes.get("/iterable/{n}")
async def iterable(request: web.Request) -> web.Response:
    return web.Response(body=paths.parts(n_of(request)))


@routes.get("/gather/{n}")
async def gather(request: web.Request) -> web.Response:
    found = await asyncio.gather(*(paths.steps(n_of(request) + i) for i in range(3)))
    return web.Response(body=b"".join(found))


@routes.get("/thread/{n}")
async def thread(request: web.Request) -> web.Response:
    return web.Response(body=await asyncio.to_thread(paths.line, n_of(request)))


@routes.get("/executor/{n}")
async def executor(request: web.Request) -> web.Response:
    loop = asyncio.get_running_loop()
    return web.Response(body=await loop.run_in_executor(None, paths.line, n_of(request)))


@routes.get("/file/{n}")
async def file(request: web.Request) -> web.FileResponse:
    paths.work(n_of(request))
    return web.FileResponse(Path(__file__))


@routes.get("/empty/{n}")
async def empty(request: web.Request) -> web.Response:
    paths.work(n_of(request))
    return web.Response(status=204)


@routes.post("/body/{n}")
async def body(request: web.Request) -> web.Response:
    for word in (await request.read()).split():
        paths.work(n_of(request) + len(word))
    return web.Response(text="words")


@routes.get("/fail/{n}")
async def fail(request: web.Request) -> web.Response:
    paths.fail(n_of(request))
    return web.Response()


@routes.get("/refused/{n}")
async def refused(request: web.Request) -> web.Response:
    paths.work(n_of(request))
    raise web.HTTPForbidden


@routes.get("/ws/{n}")
async def ws(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_bytes(paths.line(int(message.data)))
    return socket


@routes.get("/later/{n}")
async def later(request: web.Request) -> web.Response:
    task = asyncio.create_task(paths.steps(n_of(request)))
    return web.Response(body=await task)


def made() -> web.Application:
    sub = web.Application()
    sub.router.add_get("/later/{n}", later)
    application = web.Application(middlewares=[middleware])
    application.add_routes(routes)
    application.add_subapp("/sub", sub)
    return application
