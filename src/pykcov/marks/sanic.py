"""Sanic on its own server: attach(app). On an ASGI server, use KcovMiddleware instead."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sanic import Sanic
from sanic.request import Request

from pykcov.device.sections import Section
from pykcov.marks.starting import HEADER, publish, start, stop

_current: ContextVar[tuple[Section, Any] | None] = ContextVar("pykcov_sanic", default=None)


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
        current = _current.get()
        if current is not None:
            section, stream = current
            publish(section, answered=_is_last(stream, data))

    app.add_signal(begin, "http.lifecycle.request")
    app.add_signal(send, "http.lifecycle.send")


def _is_last(stream: Any, data: bytes) -> bool:
    """Is `data` the last piece of the response that Sanic's HTTP/1 stream is sending?"""
    write = getattr(stream, "response_func", None)
    kind = getattr(write, "__name__", "")
    if write is None or kind == "head_response_ignored":
        return True  # all in one piece, or headers alone
    is_first = data.startswith(b"HTTP/")
    if kind == "http1_response_normal":
        left: int = stream.response_bytes_left
        return (left if is_first else left - len(data)) <= 0
    if kind != "http1_response_chunked" or is_first:
        return False
    size, _, rest = data.partition(b"\r\n")
    return len(rest) > int(size, 16) + 2 or int(size, 16) == 0


class _Marked:
    """Handles the requests of one connection, each in its section."""

    def __init__(self, plain: Any, header: str) -> None:
        self._plain, self._header = plain, header

    async def __call__(self, request: Request) -> Any:
        values = request.headers.getall(self._header, [])
        section = start(",".join(values) if values else None, request.method, request.path)
        if section is None:
            return await self._plain(request)
        token = _current.set((section, request.stream))
        try:
            return await self._plain(request)
        finally:
            _current.reset(token)
            stop(section)
