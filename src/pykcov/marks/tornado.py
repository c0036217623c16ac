"""Tornado: attach(application)."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from pykcov.device.inside import outside
from pykcov.device.sections import Section
from pykcov.marks.starting import HEADER, idle, publish, start, stop
from pykcov.probe import quiet
from pykcov.service.header import content_length


def attach(application: Application, *, header: str = HEADER) -> None:
    """Mark the requests of `application` whose header `header` has a handle.

    A request's section begins before the handler's initialize(). It is published before the last
    byte of the response is sent, and before each message of a websocket; what runs later, when the
    handler is done. Attach nested applications separately.
    """
    plain = application.get_handler_delegate

    def get_handler_delegate(
        request: HTTPServerRequest, target_class: type[RequestHandler], *args: Any, **kwargs: Any
    ) -> Any:
        if not idle(request.headers.get(header)):
            target_class = _marked(target_class, header)  # type: ignore[arg-type]
        return plain(request, target_class, *args, **kwargs)

    application.get_handler_delegate = get_handler_delegate  # type: ignore[method-assign]


@functools.lru_cache(1024)
def _marked(target: type[RequestHandler], header: str) -> type[RequestHandler]:
    """Return a subclass of the handler `target` that runs in its request's section."""

    class Marked(target):  # type: ignore[misc, valid-type]
        _kcov: Section | None = None

        def __init__(
            self, application: Application, request: HTTPServerRequest, **kwargs: Any
        ) -> None:
            value = request.headers.get(header)
            self._kcov = section = start(value, request.method or "", request.path)
            if section is not None:
                last = not issubclass(target, WebSocketHandler)  # else messages follow
                _publish_before(request.connection, section, request.method == "HEAD", last)
            try:
                super().__init__(application, request, **kwargs)
            except BaseException:
                if section is not None:
                    stop(section)
                raise
            if section is not None:
                section.leave()  # this is the context of the connection

        async def _execute(self, *args: Any, **kwargs: Any) -> None:
            if self._kcov is None:
                await super()._execute(*args, **kwargs)
                return
            self._kcov.enter()
            try:
                await super()._execute(*args, **kwargs)
            finally:
                stop(self._kcov)

        def data_received(self, chunk: bytes) -> Awaitable[None] | None:
            found: Awaitable[None] | None
            if self._kcov is None:
                found = super().data_received(chunk)
                return found
            with self._kcov.inside():
                found = super().data_received(chunk)
            return found if found is None else _inside(self._kcov, found)

    if issubclass(target, WebSocketHandler):
        Marked.write_message = _answering(target.write_message)
        Marked.on_message = _asked(target.on_message)
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(Marked, name, getattr(target, name))
    return Marked


def _answering(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return a websocket's write_message() that publishes first: the message may be an answer."""

    @functools.wraps(plain)
    def write_message(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._kcov is not None:
            publish(self._kcov)
        return plain(self, *args, **kwargs)

    return write_message


def _asked(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return a websocket's on_message() that begins what the message asks for."""

    @functools.wraps(plain)
    def on_message(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._kcov is not None:
            with quiet:
                self._kcov.renew()
        return plain(self, *args, **kwargs)

    return on_message


async def _inside(section: Section, awaitable: Awaitable[None]) -> None:
    with section.inside():
        await awaitable


def _publish_before(connection: Any, section: Section, headless: bool, last: bool) -> None:
    """Publish the section before a client can have the whole response.

    connection: the request's own HTTPConnection (tornado.httputil). last: what follows that is
    after-work.
    """
    left: int | None = None  # bytes of the body yet to come, where that is known
    write_headers, write, finish = connection.write_headers, connection.write, connection.finish

    def write_headers_first(start_line: Any, headers: Any, chunk: bytes | None = None) -> Any:
        nonlocal left
        if headless or start_line.code in (204, 304):
            left = 0
        elif "Content-Length" in headers:
            left = content_length(headers["Content-Length"])
        return sent(write_headers, chunk, start_line, headers, chunk)

    def write_first(chunk: bytes) -> Any:
        return sent(write, chunk, chunk)

    def sent(call: Any, chunk: bytes | None, *args: Any) -> Any:
        nonlocal left
        if left is not None:
            left -= len(chunk or b"")
            if left <= 0:
                publish(section, answered=last)
        with outside():
            return call(*args)

    def finish_first() -> None:
        publish(section, answered=last)
        with outside():
            finish()

    connection.write_headers = write_headers_first
    connection.write, connection.finish = write_first, finish_first
