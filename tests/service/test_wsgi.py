"""The WSGI middleware before a server that the test plays, with wsgiref.validate on both sides."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest
from tests.live.collector import Collector
from tests.service import paths

import pykcov
from pykcov.service.wsgi import KcovMiddleware

TEXT = ("Content-Type", "text/plain")


@pytest.fixture(autouse=True, scope="module")
def instrumented() -> Iterator[None]:
    with pykcov.instrument(include=["**/tests/service/paths.py"]):
        yield


def alone(*numbers: int) -> list[int]:
    with pykcov.trace(1 << 12) as t:
        for n in numbers:
            paths.work(n)
    return list(t.pcs)


def request(handle: object = "seven", method: str = "GET") -> dict[str, Any]:
    environ = {"HTTP_X_KCOV_HANDLE": str(handle), "REQUEST_METHOD": method, "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    environ.pop("HTTP_HOST")
    return environ


class Server:
    """Notes what had been published at each piece that it was to send."""

    def __init__(self, client: Collector) -> None:
        self.client = client
        self.seen: list[tuple[bytes, list[int]]] = []
        self.started: list[tuple[Any, ...]] = []

    def write(self, data: bytes) -> None:
        paths.work(60)  # the server's own
        self.seen.append((data, self.client.pcs()))

    def start_response(self, *arguments: Any) -> Callable[[bytes], object]:
        paths.work(61)
        self.started.append(arguments)
        return self.write

    def serve(self, app: Any, environ: dict[str, Any]) -> Any:
        result = app(environ, self.start_response)
        try:
            for item in result:
                self.write(item)
            self.write(b"end")
        finally:
            if hasattr(result, "close"):
                result.close()
        return result


def run(app: Any, method: str = "GET", checked: bool = True) -> tuple[Any, list[int]]:
    """The pieces with what had been published before each, and all at last."""
    wrapped: Any = validator(KcovMiddleware(validator(app))) if checked else KcovMiddleware(app)
    with Collector("seven") as client:
        server = Server(client)
        server.serve(wrapped, request(method=method))
        return server.seen, client.pcs()


class Items:
    """An iterable with work in each of its parts."""

    def __init__(self, *items: bytes) -> None:
        self.items = items

    def __iter__(self) -> Iterator[bytes]:
        for i, item in enumerate(self.items):
            paths.work(i + 1)
            yield item
        paths.work(8)

    def close(self) -> None:
        paths.work(9)


class Sized(Items):
    def __len__(self) -> int:
        return len(self.items)


def giving(
    items: Any, *headers: tuple[str, str], status: str = "200 OK"
) -> Callable[[Any, Any], Any]:
    def app(environ: Any, start_response: Any) -> Any:
        paths.work(0)
        start_response(status, list(headers))
        return items

    return app


def test_items_of_unknown_length_are_published_when_they_end() -> None:
    seen, last = run(giving(Items(b"ab", b"cd"), TEXT))
    assert seen == [(b"ab", []), (b"cd", []), (b"end", alone(0, 1, 2, 8))]
    assert last == alone(0, 1, 2, 8, 9)


def test_the_item_that_completes_the_length() -> None:
    seen, last = run(giving(Items(b"ab", b"cd", b""), TEXT, ("Content-Length", "4")))
    assert [found for _, found in seen[:2]] == [[], alone(0, 1, 2)]
    assert last == alone(0, 1, 2, 3, 8, 9)


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [("HEAD", "200 OK", [TEXT]), ("GET", "204 No", []), ("GET", "304 Not", [])],
)
def test_without_a_body_the_headers_are_the_end(
    method: str, status: str, headers: list[tuple[str, str]]
) -> None:
    seen, last = run(giving(Items(b""), *headers, status=status), method)
    assert seen[0] == (b"", alone(0, 1))
    assert last == alone(0, 1, 8, 9)


@pytest.mark.parametrize("items", [[], [b"ab"], [b"ab", b"cd"], (b"ab",)])
def test_lists_are_passed_through_published(items: Any) -> None:
    app = giving(items, TEXT)
    with Collector("seven") as client:
        server = Server(client)
        assert server.serve(KcovMiddleware(app), request()) is items
        assert {tuple(found) for _, found in server.seen} == {tuple(alone(0))}
    seen, last = run(app)
    assert seen[-1] == (b"end", alone(0)) == (b"end", last)


@pytest.mark.parametrize("items", [[b"ab"], [b"ab", b"cd"]])
def test_what_has_a_length_is_published_before_its_last_item(items: list[bytes]) -> None:
    sized = Sized(*items)
    seen, last = run(giving(sized, TEXT), checked=False)
    assert seen[len(items) - 1][1] == alone(*range(len(items) + 1))
    assert last == alone(*range(len(items) + 1), 8, 9)
    with Collector("seven"):
        body = KcovMiddleware(giving(sized, TEXT))(request(), lambda *_: lambda data: None)
        assert len(body) == len(items)  # type: ignore[arg-type]
        body.close()  # type: ignore[attr-defined]


def test_write() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [TEXT, ("Content-Length", "4")])
        paths.work(1)
        write(b"ab")
        paths.work(2)
        write(b"cd")
        paths.work(3)
        return []

    seen, last = run(app)
    assert seen == [(b"ab", []), (b"cd", alone(1, 2)), (b"end", alone(1, 2, 3))]
    assert last == alone(1, 2, 3)


STREAM = ("Content-Type", "text/event-stream")


def test_events_are_published_one_by_one() -> None:
    seen, last = run(giving(Items(b"a\r\n", b"\r", b"\nb", b"c\n\nd"), STREAM))
    traces = [found for _, found in seen]
    assert traces == [[], *[alone(0, 1, 2)] * 2, alone(0, 1, 2, 3, 4), alone(0, 1, 2, 3, 4, 8)]
    assert last == alone(0, 1, 2, 3, 4, 8, 9)


def test_events_that_are_written() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [STREAM])
        for n, piece in enumerate((b"a\n", b"\n", b"b")):
            paths.work(n)
            write(piece)
        return []

    seen, _ = run(app)
    assert [found for _, found in seen[:3]] == [[], *[alone(0, 1)] * 2]


def test_a_secret() -> None:
    middleware = KcovMiddleware(giving([b"x"], TEXT), secret=b"of tests")
    with Collector("seven") as client:
        server = Server(client)
        for value in ("seven", pykcov.signed("seven", b"of another"), ""):
            server.serve(middleware, request(value))
            assert client.pcs() == []
        server.serve(middleware, request(pykcov.signed("seven", b"of tests")))
        assert client.pcs() == alone(0)


def test_exc_info_goes_on_to_the_server() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [TEXT])
        try:
            raise ValueError
        except ValueError:
            start_response("500 No", [TEXT, ("Content-Length", "2")], sys.exc_info())
        return Items(b"ab")

    with Collector("seven") as client:
        server = Server(client)
        server.serve(KcovMiddleware(validator(app)), request())
        assert [len(arguments) for arguments in server.started] == [2, 3]
        assert server.started[1][2][0] is ValueError
        assert server.seen[0] == (b"ab", alone(1))


def test_a_file_is_passed_through() -> None:
    file = FileWrapper(io.BytesIO(b"abc"))
    environ = {**request(), "wsgi.file_wrapper": FileWrapper}
    with Collector("seven") as client:
        assert Server(client).serve(KcovMiddleware(giving(file, TEXT)), environ) is file
        assert client.pcs() == alone(0)


def test_exceptions_pass_with_what_led_to_them() -> None:
    error = RuntimeError("as it must")

    def raising(environ: Any, start_response: Any) -> Any:
        paths.work(1)
        raise error

    def items() -> Iterator[bytes]:
        paths.work(2)
        yield b"ab"
        raise error

    for app, expected in ((raising, alone(1)), (giving(items(), TEXT), alone(0, 2))):
        with Collector("seven") as client:
            with pytest.raises(RuntimeError) as caught:
                Server(client).serve(KcovMiddleware(app), request())
            assert caught.value is error
            assert client.pcs() == expected


@pytest.mark.parametrize("handle", [None, "nobody", "0", "", "9" * 99])
def test_inert(handle: str | None) -> None:
    environ = request(handle)
    if handle is None:
        del environ["HTTP_X_KCOV_HANDLE"]
    items = Items(b"ab")

    def app(*arguments: Any) -> Any:
        assert arguments[0] is environ
        assert arguments[1] == server.start_response
        return items

    with Collector("seven") as client:
        server = Server(client)
        assert server.serve(KcovMiddleware(app), environ) is items
        assert client.pcs() == []


def test_requests_that_take_turns_on_one_thread() -> None:
    with Collector("seven") as one, Collector("eight") as two:
        app = KcovMiddleware(lambda environ, start: Items(*[b"x"] * 3))
        bodies = [iter(app(request(h), lambda *_: print)) for h in ("seven", "eight")]
        for _ in range(3):
            assert [next(body) for body in bodies] == [b"x", b"x"]
        for body in bodies:
            assert next(body, None) is None
            body.close()  # type: ignore[attr-defined]
        assert one.pcs() == two.pcs() == alone(1, 2, 3, 8, 9)


def test_a_header_of_another_name_in_bytes_that_are_no_latin() -> None:
    environ = request(None)
    environ["HTTP_X_CASE_ID"] = "é".encode().decode("latin-1")
    with Collector("é") as client:
        Server(client).serve(KcovMiddleware(giving([b""], TEXT), header="X-Case-Id"), environ)
        assert client.pcs() == alone(0)
