"""Workloads over HTTP servers and WSGI."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

from ..helpers import error
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("http.server")
def http_requests() -> object:
    import io
    import os
    import tempfile
    from http import server

    def serve(kind: Any, text: bytes, **options: Any) -> tuple[bytes, list[str]]:
        logged: list[str] = []

        class Handler(kind):
            def setup(self) -> None:
                self.rfile, self.wfile = io.BytesIO(text), io.BytesIO()

            def finish(self) -> None:
                out.append(self.wfile.getvalue())

            def log_message(self, form: str, *args: object) -> None:
                logged.append(form % args)

            def version_string(self) -> str:
                return "demo"

            def date_time_string(self, timestamp: float | None = None) -> str:
                return "now" if timestamp is None else super().date_time_string(1e9)

        out: list[bytes] = []
        Handler(None, ("client", 1), None, **options)
        return out[0], logged

    class Echo(server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "keep-alive")
            self.end_headers()
            self.wfile.write(body)

    requests = (
        b"POST /x HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi"
        b"POST /y HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\n!",
        b"GET / HTTP/1.1\r\n\r\n", b"POST\r\n", b"BAD LINE HERE NOW\r\n", b"GET / HTTP/x\r\n",
        b"GET / HTTP/2.0\r\n", b"PUT //\r\n", b"G" * 65600, b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101, b"GET / HTTP/1.1\r\nA: " + b"x" * 70000,
        b"GET /old\r\n", b"GET / HTTP/1.0.0\r\n", b"GET / HTTP/1.\xb9\r\n",
    )
    seen = [serve(Echo, text) for text in requests]
    with tempfile.TemporaryDirectory() as top:
        for name in ("a.txt", "b <c>.html", "sub/index.html", "data.tar.gz"):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(name)
        os.makedirs(os.path.join(top, "empty"))
        paths = ("/", "/a.txt", "/sub", "/sub/", "/none", "/a.txt/", "/../../etc/passwd",
                 "/%2e%2e/a.txt?q=1#f", "/data.tar.gz", "//evil", "/empty/")
        for path in paths:
            seen.append(serve(server.SimpleHTTPRequestHandler,
                              f"GET {path} HTTP/1.0\r\n\r\n".encode(), directory=top))
        since = b"HEAD /a.txt HTTP/1.0\r\nIf-Modified-Since: %s\r\n\r\n"
        for date in (b"Fri, 01 Jan 2199 00:00:00 GMT", b"x", b"Thu, 01 Jan 1970 00:00:00 GMT"):
            seen.append(serve(server.SimpleHTTPRequestHandler, since % date, directory=top))
        return tuple((out.replace(top.encode(), b""), logged) for out, logged in seen)


@USES.of("wsgiref.handlers")
def wsgi_handlers() -> object:
    import io
    from wsgiref import handlers

    def app(environ: Any, start: Any) -> Any:
        write = start("200 OK", [("Content-Type", "text/plain")])
        if environ["PATH_INFO"] == "/write":
            write(b"written ")
            return []
        if environ["PATH_INFO"] == "/fail":
            raise ValueError("fails")
        if environ["PATH_INFO"] == "/late":
            return late(start)
        return [b"one", b"two"] if environ["PATH_INFO"] == "/two" else [
            environ["PATH_INFO"].encode()
        ]

    def late(start: Any) -> Any:
        yield b"first"
        raise KeyError("late")

    def wrong(kind: str) -> Any:
        def start(environ: Any, respond: Any) -> Any:
            if kind == "twice":
                respond("200 OK", [])
                respond("200 OK", [])
            if kind == "status":
                respond("bad", [])
            if kind == "hop":
                respond("200 OK", [("Connection", "close")])
            if kind == "none":
                return [b"no start"]
            if kind == "again":
                respond("200 OK", [])
                try:
                    raise KeyError
                except KeyError:
                    import sys

                    respond("500 Bad", [("A", "b")], sys.exc_info())
            return [b"text"]

        return start

    class Gateway(handlers.SimpleHandler):
        origin_server = False  # an origin server writes the date

    def run(application: Any, kind: Any = Gateway, **environ: str) -> tuple[bytes, int]:
        out, errors = io.BytesIO(), io.StringIO()
        handler = kind(io.BytesIO(b"in"), out, errors,
                       {"PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.0", "REQUEST_METHOD": "GET",
                        **environ}, multithread=False)
        handler.os_environ = {}
        handler.run(application)
        return out.getvalue(), errors.getvalue().count("Traceback")

    class Origin(handlers.SimpleHandler):
        origin_server = True
        server_software = "demo"

        def send_preamble(self) -> None:
            self._write(b"HTTP/1.0 " + self.status.encode() + b"\r\n")

    class Wrapper(Gateway):
        def sendfile(self) -> bool:
            self._write(b"[sent]")
            self.headers_sent = True
            return True

    def wrapped(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"x" * 10000))

    class Closing(list[bytes]):
        def close(self) -> None:
            closed.append("closed")

    closed: list[str] = []

    def closing(environ: Any, start: Any) -> Any:
        start("204 None", [])
        return Closing([b""])

    base = handlers.BaseCGIHandler(io.BytesIO(), io.BytesIO(), io.StringIO(), {"HTTPS": "on"})
    base.setup_environ()
    seen = [run(app), run(app, PATH_INFO="/two"), run(app, PATH_INFO="/write"),
            run(app, PATH_INFO="/fail"), run(app, PATH_INFO="/late"), run(closing)]
    seen += [run(wrong(kind)) for kind in ("twice", "status", "hop", "none", "again")]
    seen += [run(app, Origin, PATH_INFO="/fail"), run(wrapped), run(wrapped, Wrapper),
             run(app, SERVER_PROTOCOL="HTTP/0.9")]
    return seen, closed, base.environ["wsgi.url_scheme"], error(handlers.BaseHandler()._write, b"")


@USES.of("wsgiref.validate")
def wsgi_validation() -> object:
    import io
    import sys
    from wsgiref import validate
    from wsgiref.util import setup_testing_defaults

    def serve(app: Any, **changes: Any) -> bytes:
        environ: dict[str, Any] = {"QUERY_STRING": ""}
        setup_testing_defaults(environ)
        environ["wsgi.input"], environ["wsgi.errors"] = io.BytesIO(b"line\nmore\n"), io.StringIO()
        environ.update(changes)
        for name in [name for name, value in environ.items() if value is None]:
            del environ[name]
        result = validate.validator(app)(environ, lambda status, headers,
                                         exc_info=None: lambda data: None)
        try:
            return b"".join(result)
        finally:
            result.close()

    def app(status: str = "200 OK", headers: Any = None, body: Any = (b"x",)) -> Any:
        def run(environ: Any, start: Any) -> Any:
            source = environ["wsgi.input"]
            read = [source.readline(), source.readlines(), source.read(1), list(source)]
            environ["wsgi.errors"].write(str(len(read)))
            environ["wsgi.errors"].writelines(["a"])
            environ["wsgi.errors"].flush()
            write = start(status, [("Content-Type", "text/plain")] if headers is None else headers)
            write(b"w")
            return list(body) if isinstance(body, tuple) else body

        return run

    wrong = (
        {"status": "2x Bad"}, {"status": "99 Low"}, {"headers": []}, {"headers": (("a", "b"),)},
        {"headers": [("Status", "x")]}, {"headers": [("a_b", "x"), ("Content-Type", "y")]},
        {"headers": [("A:", "b")]}, {"headers": [("A-", "b")]}, {"headers": [("A", "b\n")]},
        {"status": "204 No", "headers": [("Content-Type", "x")]}, {"body": "text"},
        {"body": ("text",)}, {"headers": [["a"]]},
    )
    environs = (
        {"REQUEST_METHOD": None}, {"HTTP_CONTENT_TYPE": "x"}, {"wsgi.version": [1]},
        {"wsgi.url_scheme": "x"}, {"SCRIPT_NAME": "x"}, {"PATH_INFO": "x"}, {"X": 5},
        {"CONTENT_LENGTH": "-1"}, {"SCRIPT_NAME": "", "PATH_INFO": ""}, {"SCRIPT_NAME": "/"},
        {"wsgi.input": 5}, {"wsgi.errors": 5},
    )
    partial: Any = iter(validate.PartialIteratorWrapper(iter([b"a"])))
    partial.close()
    return (
        serve(app()),
        [error(serve, app(**options)) for options in wrong],
        [error(serve, app(), **changes) for changes in environs],
        error(validate.validator(app()), {}),
        type(partial).__name__,
        error(serve, lambda environ,
              start: [start("200 OK", [("Content-Type", "a")], sys.exc_info()) and b"x"]),
    )


@USES.of("wsgiref.util")
def wsgi_utilities() -> object:
    import io
    from wsgiref import util

    environ: dict[str, Any] = {"PATH_INFO": "/a//b/./c", "SCRIPT_NAME": "/app",
                               "QUERY_STRING": "q=1"}
    util.setup_testing_defaults(environ)
    shifted = [util.shift_path_info(environ) for _ in range(5)]
    other: dict[str, Any] = {"HTTPS": "on", "SERVER_NAME": "h", "SERVER_PORT": "8443",
                             "SCRIPT_NAME": "", "PATH_INFO": "/é x"}
    util.setup_testing_defaults(other)
    del other["HTTP_HOST"]
    wrapper = util.FileWrapper(io.BytesIO(b"abcdef"), 4)
    return (
        (shifted, environ["SCRIPT_NAME"], environ["PATH_INFO"]),
        (util.request_uri(environ), util.request_uri(environ, include_query=False),
         util.application_uri(other), util.request_uri(other)),
        (list(iter(wrapper)), util.guess_scheme({"HTTPS": "1"}), util.guess_scheme({}),
         [util.is_hop_by_hop(name) for name in ("TE", "Host")]),
    )


@USES.of("wsgiref.headers")
def wsgi_headers() -> object:
    from wsgiref.headers import Headers

    headers = Headers([("A", "1"), ("B", "2")])
    headers["a"] = "3"
    headers.add_header("Content-Disposition", "attachment", filename='x "y"', flag=None,
                       two_words="")
    headers.setdefault("C", "4")
    headers.setdefault("b", "5")
    del headers["A"]
    headers.add_header("X", None, k="v")
    return (
        (headers.items(), headers.keys(), headers.values(), len(headers), str(headers),
         bytes(headers), repr(headers)),
        (headers.get("b"), headers.get_all("B"), headers["none"], "C" in headers,
         Headers().items()),
        [error(Headers, {"a": 1}), error(Headers, [("a", 1)]), error(headers.__setitem__, "k", 5)],
    )
