"""A Flask application of kinds of requests, each with a path of its own. It is instrumented."""

from __future__ import annotations

import io
import os

from flask import Flask, Response, redirect, request, send_file, stream_with_context
from tests.service import paths
from tests.service.raw import Kind
from werkzeug.wrappers import Response as BaseResponse

from pykcov.service.wsgi import KcovMiddleware

KINDS = [
    Kind("/plain/1"),
    Kind("/plain/2", "HEAD"),
    Kind("/stream/3"),
    Kind("/stream/4", "HEAD"),
    Kind("/context/5"),
    Kind("/length/6"),
    Kind("/later/7"),
    Kind("/file/8"),
    Kind("/memory/9"),
    Kind("/empty/10", status=204),
    Kind("/body/11", "POST", b"three words here"),
    Kind("/fail/12", status=500),
    Kind("/moved/13", status=302),
    Kind("/json/14"),
]

api = Flask(__name__)
api.logger.disabled = True


@api.after_request
def signed(response: Response) -> Response:
    response.headers["X-Process"] = str(os.getpid())
    return response


@api.get("/plain/<int:n>")
def plain(n: int) -> bytes:
    return paths.line(n)


@api.get("/stream/<int:n>")
def stream(n: int) -> Response:
    return Response(paths.items(n))


@api.get("/context/<int:n>")
def context(n: int) -> Response:
    return Response(stream_with_context(paths.items(n)))


@api.get("/length/<int:n>")
def length(n: int) -> Response:
    return Response(paths.items(n), headers={"Content-Length": "36"})


@api.get("/later/<int:n>")
def later(n: int) -> Response:
    response = Response(paths.line(n))
    response.call_on_close(lambda: paths.work(n + 20))
    return response


@api.get("/file/<int:n>")
def file(n: int) -> Response:
    paths.work(n)
    return send_file(__file__)


@api.get("/memory/<int:n>")
def memory(n: int) -> Response:
    return send_file(io.BytesIO(paths.line(n)), "text/plain")


@api.get("/empty/<int:n>")
def empty(n: int) -> Response:
    paths.work(n)
    return Response(status=204)


@api.post("/body/<int:n>")
def body(n: int) -> bytes:
    for word in request.get_data().split():
        paths.work(n + len(word))
    return b"words"


@api.get("/fail/<int:n>")
def fail(n: int) -> bytes:
    paths.fail(n)
    return b""


@api.get("/moved/<int:n>")
def moved(n: int) -> BaseResponse:
    paths.work(n)
    return redirect("/plain/1")


@api.get("/json/<int:n>")
def json(n: int) -> dict[str, int]:
    return {"answer": paths.work(n)}


app = KcovMiddleware(api.wsgi_app)
