"""The shop as a web service: POST a basket, get its price.

    pykcov run --device shop --source shop examples/shop_service.py 8766

Only the middleware has to do with pykcov. Requests run in threads, several at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import shop
from pykcov.service.wsgi import KcovMiddleware


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request: the basket is the body, the voucher is in the query."""
    basket = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    code = parse_qs(environ["QUERY_STRING"]).get("voucher", [""])[0]
    try:
        status, answer = "200 OK", str(shop.total(basket, code))
    except ValueError as error:
        status, answer = "400 Bad Request", str(error)
    start_response(status, [("Content-Type", "text/plain")])
    return [answer.encode()]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Serve on the port that the command line names."""
    wrapped = KcovMiddleware(app)  # this line
    with make_server("127.0.0.1", int(sys.argv[1]), wrapped, Server, Quiet) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
