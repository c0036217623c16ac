"""Sanic on its own server: attach(app). On an ASGI server, use KcovMiddleware instead."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sanic import Sanic
from sanic.request import Request

from pykcov.device.sections import Section
from pykcov.marks.starting import HEADER, publish, start, stop

_current: ContextVar[Section | None] = ContextVar("pykcov_sanic_section", default=None)


def attach(app: Sanic[Any, Any], *, header: str = HEADER) -> None:
    """Mark the requests of `app` whose header `header` has a handle.

    A request's section begins before routing. It is published before each piece of the response is
    sent, and finally when Sanic has handled the request.
    """

    async def begin(request: Request) -> None:
        """A request's headers have arrived. Its connection is about to call request_handler."""
        protocol = request.protocol
        plain = getattr(protocol, "request_handler", None)
        if plain is not None and not isinstance(plain, _Marked):
            protocol.request_handler = _Marked(plain, header)  # type: ignore[attr-defined]

    async def send(data: bytes) -> None:
        section = _current.get()
        if section is not None:
            publish(section)

    app.add_signal(begin, "http.lifecycle.request")
    app.add_signal(send, "http.lifecycle.send")


class _Marked:
    """Handles the requests of one connection, each in its section."""

    def __init__(self, plain: Any, header: str) -> None:
        self._plain, self._header = plain, header

    async def __call__(self, request: Request) -> Any:
        values = request.headers.getall(self._header, [])
        section = start(",".join(values) if values else None)
        if section is None:
            return await self._plain(request)
        token = _current.set(section)
        try:
            return await self._plain(request)
        finally:
            _current.reset(token)
            stop(section)
