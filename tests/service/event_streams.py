"""Applications that send events, each when the one before may have been read: GET /go allows the
next. They are not instrumented; what they execute for each event is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

from flask import Flask
from flask import Response as FlaskResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from tests.service import paths

from pykcov.service import asgi, wsgi

TYPE = "text/event-stream; charset=utf-8"
EVENTS = [
    [b"data: event 0\n\n"],
    [b"data: ", b"event 1\r\n", b"\r", b"\n"],
    [b"id: 2\rdata: event 2\r", b"\r"],
    [b"data: event 3\n\r\n: more of it\n"],
]
_allowed = 0


def _go() -> str:
    global _allowed
    _allowed += 1
    return "gone"


async def streamed() -> AsyncIterator[bytes]:
    global _allowed
    _allowed = 0
    for number, pieces in enumerate(EVENTS):
        while _allowed < number:
            await asyncio.sleep(0.002)
        paths.work(number)
        for piece in pieces:
            yield piece
    paths.work(9)


def items() -> Iterator[bytes]:
    global _allowed
    _allowed = 0
    for number, pieces in enumerate(EVENTS):
        while _allowed < number:
            time.sleep(0.002)
        paths.work(number)
        yield from pieces
    paths.work(9)


async def events(request: Request) -> Response:
    return StreamingResponse(streamed(), media_type=TYPE)


async def go(request: Request) -> Response:
    return PlainTextResponse(_go())


asgi_app = asgi.KcovMiddleware(
    Starlette(routes=[Route("/events", events), Route("/go", go)]), secret="of the streams"
)

api = Flask(__name__)
api.get("/go")(_go)


@api.get("/events")
def flask_events() -> FlaskResponse:
    return FlaskResponse(items(), content_type=TYPE)


wsgi_app = wsgi.KcovMiddleware(api.wsgi_app, secret="of the streams")
