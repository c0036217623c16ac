"""ASGI middleware: the client that collects the handle in a request's header gets its trace."""

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

# After one of these messages the client has the whole response, unless more_* says otherwise.
_MORE = {
    "http.response.body": "more_body",
    "http.response.zerocopysend": "more_body",
    "http.response.pathsend": "",
    "http.response.trailers": "more_trailers",
}


class KcovMiddleware:
    """Marks the HTTP requests and websockets that have a handle in the header `header`.

    A request's section begins when `app` is called. It is published before passing on the message
    that completes the response, or an event of a text/event-stream, and before each message of a
    websocket; each message received by a websocket belongs to the client's generation at that time.
    What `app` executes later, the after-work, is published when `app` returns. Code around `app`
    is not in the section: other middleware, the server, its send() and receive().

    secret: accept only handles signed with it by pykcov.signed() (default: PYKCOV_SECRET from the
    environment; if that is unset, handles need no signature). Raises PykcovError: secret-empty.
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
            # In HTTP, several headers of the same name are one, joined with commas.
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
    """Sits between one request's app and the server. Any task of the app may call it."""

    _answered = False  # the client may have the whole response: the rest is after-work

    def __init__(self, marked: Marked, scope: Scope, receive: Receive, send: Send) -> None:
        self._section, self._label = marked
        self._receive, self._send = receive, send
        self._label.method = scope.get("method", "")
        self._label.path = scope.get("path", "")
        self._label.query = scope.get("query_string", b"")

    async def receive(self) -> Message:
        # The server keeps reading in here, and would read the next request in this section.
        with outside():
            return await self._receive()

    async def send(self, message: Message) -> None:
        if self._may_end(message):
            with quiet:
                self._section.publish(answered=self._answered)
        # The server may start the next request in here, with a copy of this context.
        with outside():
            await self._send(message)

    def _may_end(self, message: Message) -> bool:
        """Does this message complete a response, an event or an answer for the client?"""
        raise NotImplementedError


class _Response(_Exchange):
    """The exchange of an HTTP request."""

    _bodiless = False
    _left: int | None = None  # bytes of the body yet to come, if the headers say so
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
    """The exchange of a websocket. Its status is that of the handshake's answer."""

    def __init__(self, marked: Marked, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(marked, scope, receive, send)
        self._label.method = "WS"

    async def receive(self) -> Message:
        message = await super().receive()
        with quiet:  # the work that the message asks for begins here
            self._section.renew()
        return message

    def _may_end(self, message: Message) -> bool:
        kind = message["type"]
        if not self._label.status:
            answers = {"websocket.accept": 101, "websocket.close": 403}
            self._label.status = answers.get(kind) or message.get("status", 0)
        return bool(kind.startswith("websocket."))
