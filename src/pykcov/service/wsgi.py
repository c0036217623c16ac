"""WSGI middleware: the client that collects the handle in a request's header gets its trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Any

from pykcov.device.inside import outside
from pykcov.probe import quiet
from pykcov.service import header as headers
from pykcov.service.event_stream import Events
from pykcov.service.header import Marked
from pykcov.service.signing import signer_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class KcovMiddleware:
    """Marks the requests that have a handle in the header `header`.

    A request's section begins when `app` is called, and is suspended between the items that `app`
    returns. It is published before passing on the last byte of the response, or of an event of a
    text/event-stream. What runs later, including close(), is after-work, published when close()
    returns. Code around `app` is not in the section: other middleware, the server, its
    start_response() and write().

    secret: accept only handles signed with it by pykcov.signed() (default: PYKCOV_SECRET from the
    environment; if that is unset, handles need no signature). Raises PykcovError: secret-empty.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        header: str = headers.HEADER,
        secret: bytes | str | None = None,
    ) -> None:
        self.app = app
        self._key = "HTTP_" + header.upper().replace("-", "_")
        self._signer = signer_of(secret)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        value = environ.get(self._key)
        raw = None if value is None else value.encode("latin-1")
        marked = headers.start(raw, self._signer)
        if marked is None:
            return self.app(environ, start_response)
        section, label = marked
        over = False
        response = _Response(marked, environ, start_response)
        try:
            items = self.app(environ, response.start)
            # No code of the app runs while these are sent. Not wrapped: servers check their types.
            over = type(items) in (list, tuple) or _is_file(items, environ)
            if over:
                label.end()
                return items
            made = _SizedBody if isinstance(items, Sized) else _Body
            return made(items, response)
        except BaseException:
            over = True
            raise
        finally:
            with quiet:
                section.stop() if over else section.leave()


def _is_file(items: object, environ: WSGIEnvironment) -> bool:
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(items, wrapper)


def _bytes_of(text: object) -> bytes:
    """Return the bytes that a string in an environ stands for."""
    return str(text).encode("latin-1", "replace")


class _Response:
    """The progress of one response, and its section."""

    def __init__(
        self, marked: Marked, environ: WSGIEnvironment, start_response: StartResponse
    ) -> None:
        self.section, self._label = marked
        self._start_response = start_response
        self._headless = environ["REQUEST_METHOD"] == "HEAD"
        # Bytes yet to come, if known.
        self._left: int | None = 0 if self._headless else None
        self._events: Events | None = None
        self._label.method = environ["REQUEST_METHOD"]
        path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        self._label.path = _bytes_of(path)
        self._label.query = _bytes_of(environ.get("QUERY_STRING", ""))

    def start(
        self, status: str, fields: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        """The app's start_response."""
        self._left, self._events = headers.body_of(fields)
        self._label.status = int(status[:3]) if status[:3].isdecimal() else 0
        if self._headless or status[:3] in ("204", "304"):
            self._left = 0
        further: tuple[Any, ...] = (exc_info,) if exc_info else ()
        try:
            with outside():
                write = self._start_response(status, fields, *further)
        finally:
            exc_info, further = None, ()  # its traceback has this frame

        def write_outside(data: bytes) -> object:
            self.hand_on(data)
            with outside():
                return write(data)

        return write_outside

    def hand_on(self, data: bytes, last: bool = False) -> None:
        """Publish, if passing on this piece completes the response, or an event of it."""
        if self._left is not None:
            self._left -= len(data)
        if last or (self._left is not None and self._left <= 0):
            self.end()
        elif self._events is not None and self._events.ends_in(data):
            with quiet:
                self.section.publish()

    def end(self) -> None:
        """Publish, because the client may now have the complete response."""
        self._label.end()
        with quiet:
            self.section.publish(answered=True)


class _Body:
    """The app's iterable, run in the section, which is suspended between items."""

    def __init__(self, items: Iterable[bytes], response: _Response) -> None:
        self._items = items
        self._iterator: Iterator[bytes] | None = None
        self._response = response
        self._count = 0  # items yet to come; negative if unknown

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        try:
            with self._response.section.inside():
                if self._iterator is None:
                    self._iterator = iter(self._items)
                item = next(self._iterator)
        except BaseException:  # StopIteration, most of the time
            self._response.end()
            raise
        self._count -= 1
        # No look-ahead: it would delay each item until the next is there. If we can't know that
        # this is the last item, the client can't either, until the iterable ends.
        self._response.hand_on(item, last=self._count == 0)
        return item

    def close(self) -> None:
        try:
            close = getattr(self._items, "close", None)
            if close is not None:
                with self._response.section.inside():
                    close()
        finally:
            with quiet:
                self._response.section.stop()


class _SizedBody(_Body):
    """A body of known length. If it has one item, servers derive the Content-Length from it."""

    def __init__(self, items: Iterable[bytes], response: _Response) -> None:
        super().__init__(items, response)
        self._count = len(self)

    def __len__(self) -> int:
        assert isinstance(self._items, Sized)
        return len(self._items)
