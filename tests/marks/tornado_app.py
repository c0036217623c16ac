"""A Tornado application of kinds of requests, each with a path of its own. It is instrumented."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import tornado.web
from tests.service import paths
from tests.service.raw import Kind
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler
from tornado.websocket import WebSocketHandler

from pykcov.marks.tornado import attach

KINDS = [
    Kind("/plain/1"),
    Kind("/plain/2", "HEAD"),
    Kind("/steps/3"),
    Kind("/stream/4"),
    Kind("/length/5"),
    Kind("/later/6"),
    Kind("/gather/7"),
    Kind("/thread/8"),
    Kind("/executor/9"),
    Kind("/file/tornado_app.py"),
    Kind("/empty/11", status=204),
    Kind("/body/12", "POST", b"three words here"),
    Kind("/received/13", "POST", b"three words here"),
    Kind("/fail/14", status=500),
    Kind("/refused/15", status=403),
    Kind("/missing", status=404),
]


class Handler(RequestHandler):
    """What all have."""

    def initialize(self) -> None:
        paths.work(40)

    def prepare(self) -> None:
        paths.work(41)

    def on_finish(self) -> None:
        paths.work(42)


class Plain(Handler):
    def get(self, n: str) -> None:
        self.write(paths.line(int(n)))

    head = get


class Bare(RequestHandler):
    """Without anything behind the response."""

    async def get(self, n: str) -> None:
        if n == "1":
            self.write(paths.line(int(n)))
            return
        async for part in paths.parts(int(n)):
            self.write(part)
            await self.flush()


class Steps(Handler):
    async def get(self, n: str) -> None:
        self.write(await paths.steps(int(n)))


class Stream(Handler):
    async def get(self, n: str) -> None:
        async for part in paths.parts(int(n)):
            self.write(part)
            await self.flush()


class Length(Handler):
    async def get(self, n: str) -> None:
        self.set_header("Content-Length", "36")
        async for part in paths.parts(int(n)):
            self.write(part)
            await self.flush()
        paths.work(int(n) + 20)


class Later(Handler):
    async def get(self, n: str) -> None:
        await self.finish(paths.line(int(n)))
        await asyncio.sleep(0)
        paths.work(int(n) + 20)


class Gather(Handler):
    async def get(self, n: str) -> None:
        found = await asyncio.gather(*(paths.steps(int(n) + i) for i in range(3)))
        self.write(b"".join(found))


class Thread(Handler):
    async def get(self, n: str) -> None:
        self.write(await asyncio.to_thread(paths.line, int(n)))


class Executor(Handler):
    async def get(self, n: str) -> None:
        self.write(await IOLoop.current().run_in_executor(None, paths.line, int(n)))


class Empty(Handler):
    def get(self, n: str) -> None:
        paths.work(int(n))
        self.set_status(204)


class Body(Handler):
    def post(self, n: str) -> None:
        for word in self.request.body.split():
            paths.work(int(n) + len(word))
        self.write("words")


@tornado.web.stream_request_body
class Received(Handler):
    async def data_received(self, chunk: bytes) -> None:
        await asyncio.sleep(0)
        paths.work(len(chunk))

    def post(self, n: str) -> None:
        self.write(paths.line(int(n)))


class Fail(Handler):
    def get(self, n: str) -> None:
        paths.fail(int(n))

    def log_exception(self, *error: Any) -> None:
        paths.work(43)


class Refused(Handler):
    def get(self, n: str) -> None:
        paths.work(int(n))
        raise tornado.web.HTTPError(403)


class Socket(WebSocketHandler):
    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(paths.line(int(message)), binary=True)


class Missing(Handler):
    def prepare(self) -> None:
        paths.work(44)
        raise tornado.web.HTTPError(404)


KNOWN = [Plain, Bare, Steps, Stream, Length, Later, Gather, Thread, Executor, Empty]
KNOWN += [Body, Received, Fail, Refused]


def made() -> tornado.web.Application:
    rules: list[Any] = [(rf"/{kind.__name__.lower()}/([0-9]+)", kind) for kind in KNOWN]
    files = {"path": str(Path(__file__).parent)}
    rules.append((r"/ws/[0-9]+", Socket))
    rules.append((r"/file/(.*)", tornado.web.StaticFileHandler, files))
    application = tornado.web.Application(rules, default_handler_class=Missing)
    attach(application)
    return application
