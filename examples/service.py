"""A web service, of the standard library alone: POST a TOML document, get JSON.

    pykcov run --device toml --source tomllib examples/service.py 8765

The one line of it that has to do with pykcov is the middleware. Requests run in threads, at once.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from pykcov.service.wsgi import KcovMiddleware


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Parse the body of a request."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        answer, status = tomllib.loads(body.decode()), "200 OK"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        answer, status = {"error": str(error)}, "400 Bad Request"
    text = json.dumps(answer, default=str).encode()
    start_response(status, [("Content-Type", "application/json")])
    return [text]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Serve on the port that the command line says; 0: any, which is printed."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    wrapped = KcovMiddleware(app)  # this line
    with make_server("127.0.0.1", port, wrapped, Server, Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
