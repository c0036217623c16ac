"""aiohttp.web: a middleware."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from aiohttp import Payload, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.typedefs import Handler, Middleware

from pykcov.device.inside import outside
from pykcov.device.sections import Section
from pykcov.marks.starting import HEADER, publish, start, stop


def with_header(header: str) -> Middleware:
    """Return a middleware that takes the handle from the header `header`.

    A request's section begins when the middleware calls its handler. It is published before the
    last byte of the response is sent: when the handler returns a response, or before the end of a
    StreamResponse. A body that is an asynchronous iterable is recorded while it is being sent.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        values = request.headers.getall(header, [])
        section = start(",".join(values) if values else None, request.method, request.path)
        if section is None:
            return await handler(request)
        _publish_before(request.writer, section, request.method == "HEAD")
        over = True
        try:
            response = await handler(request)
            body = response.body if isinstance(response, web.Response) else None
            if isinstance(body, Payload) and not response.prepared:
                _record(body, section)
                # A HEAD request, or a client that disconnects, may keep it from being sent.
                weakref.finalize(request, stop, section).atexit = False
                over = False
            return response
        finally:
            if over:
                stop(section)
            else:
                publish(section)
                section.leave()

    return middleware


middleware = with_header(HEADER)


def _publish_before(writer: AbstractStreamWriter, section: Section, headless: bool) -> None:
    """Publish the section before a client can have the whole response.

    A response without a body ends with its headers.
    """

    def has_no_body(status_line: str, headers: Any) -> bool:
        code = status_line.split(" ", 2)[1:2]
        return headless or code in (["204"], ["304"]) or headers.get("Content-Length") == "0"

    def may_end(chunk: Any) -> bool:
        return writer.length is not None and writer.length <= memoryview(chunk).nbytes

    for name, ends in (
        ("write_headers", has_no_body),
        ("write", may_end),
        ("write_eof", lambda *_: True),
    ):
        setattr(writer, name, _publishing(getattr(writer, name), ends, section))


def _publishing(
    plain: Callable[..., Any], ends: Callable[..., bool], section: Section
) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        if ends(*args, *kwargs.values()):
            publish(section, answered=True)
        with outside():
            return await plain(*args, **kwargs)

    return call


def _record(body: Payload, section: Section) -> None:
    """Run what produces the body in the section, which ends with it."""

    def inside(plain: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any) -> Any:
            try:
                with section.inside():
                    return await plain(*args)
            finally:
                stop(section)

        return call

    for name in ("write", "write_with_length"):
        if hasattr(body, name):
            setattr(body, name, inside(getattr(body, name)))
