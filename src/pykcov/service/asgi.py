"""ASGI middleware: what a request executes goes to who asked for the handle in its header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pykcov.device.inside import outside
from pykcov.probe import quiet
from pykcov.service import header as headers
from pykcov.service.event_stream import Events
from pykcov.service.header import OF_BODIES, Marked, body_of
from pykcov.service.signing import signer_of

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
    on with which a client may hold the whole response, or a whole event of a text/event-stream;
    before each message of a websocket, whose received messages each belong to the generation of the
    client's that is present then. It goes on, and what follows, after-work, is published when `app`
    returns. Code around `app` is in no section: other middleware, the server, its send() and
    receive().

    secret: only handles that pykcov.signed() has signed with it are taken. Without it,
    PYKCOV_SECRET of the environment is; where there is none, no handle need be signed.
    Raises PykcovError: secret-empty.
    """

    def __init__(
        self, app: App, *, header: str = headers.HEADER, secret: bytes | str | None = None
    ) -> None:
        self.app = app
        self._name = header.lower().encode("latin-1")
        self._signer = signer_of(secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        marked = None
        if scope["type"] in ("http", "websocket"):
            # As HTTP has it, several headers of one name are one, with commas.
            values = [value for name, value in scope["headers"] if name == self._name]
            marked = headers.start(b",".join(values) if values else None, self._signer)
        if marked is None:
            return await self.app(scope, receive, send)
        made = _Websocket if scope["type"] == "websocket" else _Response
        exchange = made(marked, scope, receive, send)
        try:
            return await self.app(scope, exchange.receive, exchange.send)
        finally:
            with quiet:
                marked[0].stop()


class _Exchange:
    """What goes on between one request's app and the server. Any task of the app may call it."""

    _answered = False  # the client may hold the whole response: what comes is after-work

    def __init__(self, marked: Marked, scope: Scope, receive: Receive, send: Send) -> None:
        self._section, self._label = marked
        self._receive, self._send = receive, send
        self._label.method = scope.get("method", "")
        self._label.path = scope.get("path", "")
        self._label.query = scope.get("query_string", b"")

    async def receive(self) -> Message:
        # A server goes on reading in here, and so would read the next request in this section.
        with outside():
            return await self._receive()

    async def send(self, message: Message) -> None:
        if self._may_end(message):
            with quiet:
                self._section.publish(answered=self._answered)
        # A server may begin the next request in here, with a copy of this context.
        with outside():
            await self._send(message)

    def _may_end(self, message: Message) -> bool:
        """May a client hold a whole response, event or answer once this message is handed on?"""
        raise NotImplementedError


class _Response(_Exchange):
    """Of an HTTP request."""

    _bodiless = False
    _left: int | None = None  # bytes of the body yet to come, where the headers said so
    _events: Events | None = None

    def _may_end(self, message: Message) -> bool:
        kind = message["type"]
        if kind == "http.response.start":
            self._begin(message)
            over = self._bodiless or self._left == 0
        elif kind in _MORE:
            piece = message.get("body", b"")
            if self._left is not None:
                self._left -= len(piece)
            over = not message.get(_MORE[kind], False)
            over = over or (self._left is not None and self._left <= 0)
            if not over and self._events is not None:
                return self._events.ends_in(piece)
        else:
            return False
        if over:
            self._answered = True
            self._label.end()
        return over

    def _begin(self, message: Message) -> None:
        self._label.status = status = message["status"]
        self._bodiless = self._label.method == "HEAD" or status in (204, 304)
        told = [field for field in message.get("headers", ()) if field[0].lower() in OF_BODIES]
        if told:
            self._left, self._events = body_of(
                [(name.decode("latin-1"), value.decode("latin-1")) for name, value in told]
            )


class _Websocket(_Exchange):
    """Its status is that of the handshake's answer."""

    def __init__(self, marked: Marked, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(marked, scope, receive, send)
        self._label.method = "WS"

    async def receive(self) -> Message:
        message = await super().receive()
        with quiet:  # what the message asks for begins here
            self._section.renew()
        return message

    def _may_end(self, message: Message) -> bool:
        kind = message["type"]
        if not self._label.status:
            answers = {"websocket.accept": 101, "websocket.close": 403}
            self._label.status = answers.get(kind) or message.get("status", 0)
        return bool(kind.startswith("websocket."))
