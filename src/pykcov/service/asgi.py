"""ASGI middleware: what a request executes goes to who asked for the handle in its header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pykcov.device.sections import Section, outside
from pykcov.probe import quiet
from pykcov.service import header as headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# A client holds the whole response when it has one of these, unless more_* says that more comes.
_MORE = {
    "http.response.body": "more_body",
    "http.response.zerocopysend": "more_body",
    "http.response.pathsend": "",
    "http.response.trailers": "more_trailers",
}


class KcovMiddleware:
    """Marks the HTTP requests and websockets that have the header `header`, a handle.

    A request's section begins with the call of `app`, and is published before the message is handed
    on with which a client may hold the whole response; before each message of a websocket, whose
    received messages each belong to the client's generation of that moment. It goes on, and what
    follows, after-work, is published when `app` returns. Code around `app` is in no section: other
    middleware, the server, its send() and receive().
    """

    def __init__(self, app: App, *, header: str = headers.HEADER) -> None:
        self.app = app
        self._name = header.lower().encode("latin-1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        section = None
        if scope["type"] in ("http", "websocket"):
            # As HTTP has it, several headers of one name are one, with commas.
            values = [value for name, value in scope["headers"] if name == self._name]
            section = headers.start(b",".join(values) if values else None)
        if section is None:
            return await self.app(scope, receive, send)
        exchange = _Exchange(section, receive, send, scope)
        try:
            return await self.app(scope, exchange.receive, exchange.send)
        finally:
            with quiet:
                section.stop()


class _Exchange:
    """What goes on between one request's app and the server. Any task of the app may call it."""

    def __init__(self, section: Section, receive: Receive, send: Send, scope: Scope) -> None:
        self._section, self._receive, self._send = section, receive, send
        self._is_websocket = scope["type"] == "websocket"
        self._bodiless = scope.get("method") == "HEAD"
        self._left: int | None = None  # bytes of the body yet to come, where the headers said so

    async def receive(self) -> Message:
        # A server goes on reading in here, and so would read the next request in this section.
        with outside():
            message = await self._receive()
        if self._is_websocket:
            with quiet:
                self._section.renew()
        return message

    async def send(self, message: Message) -> None:
        if self._may_end(message):
            with quiet:
                self._section.publish(answered=not self._is_websocket)
        # A server may begin the next request in here, with a copy of this context.
        with outside():
            await self._send(message)

    def _may_end(self, message: Message) -> bool:
        """May a client hold the whole response, or answer, once this message is handed on?"""
        kind = message["type"]
        if kind == "http.response.start":
            self._bodiless = self._bodiless or message["status"] in (204, 304)
            for name, value in message.get("headers", ()):
                if name.lower() == b"content-length":
                    self._left = headers.content_length(value.decode("latin-1"))
            return self._bodiless or self._left == 0
        if kind in _MORE:
            if self._left is not None:
                self._left -= len(message.get("body", b""))
            over = self._left is not None and self._left <= 0
            return over or not message.get(_MORE[kind], False)
        return bool(kind.startswith("websocket."))
