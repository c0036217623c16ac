"""A Django project of kinds of requests, each with a path of its own. It is instrumented."""

from __future__ import annotations

from pathlib import Path

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.core.wsgi import get_wsgi_application
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path
from tests.service import paths
from tests.service.raw import Kind

from pykcov.service import asgi, wsgi

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    LOGGING={"version": 1, "loggers": {"django": {"level": "CRITICAL"}}},
)
django.setup()

KINDS = [
    Kind("/plain/1"),
    Kind("/plain/2", "HEAD"),
    Kind("/steps/3"),
    Kind("/stream/4"),
    Kind("/stream/5", "HEAD"),
    Kind("/length/6"),
    Kind("/file/7"),
    Kind("/empty/8", status=204),
    Kind("/body/9", "POST", b"three words here"),
    Kind("/fail/10", status=500),
    Kind("/moved/11", status=302),
    Kind("/json/12"),
    Kind("/stream/13"),
    Kind("/missing", status=404),
]


def plain(request: HttpRequest, n: int) -> HttpResponseBase:
    return HttpResponse(paths.line(n))


async def steps(request: HttpRequest, n: int) -> HttpResponseBase:
    return HttpResponse(await paths.steps(n))


def stream(request: HttpRequest, n: int) -> HttpResponseBase:
    parts = paths.parts(n) if isinstance(request, ASGIRequest) else paths.items(n)
    return StreamingHttpResponse(parts)


def length(request: HttpRequest, n: int) -> HttpResponseBase:
    response = stream(request, n)
    response["Content-Length"] = "36"
    return response


def file(request: HttpRequest, n: int) -> HttpResponseBase:
    paths.work(n)
    if isinstance(request, ASGIRequest):  # which warns of files, as they are not asynchronous
        return HttpResponse(Path(__file__).read_bytes())
    return FileResponse(Path(__file__).open("rb"))


def empty(request: HttpRequest, n: int) -> HttpResponseBase:
    paths.work(n)
    return HttpResponse(status=204)


def body(request: HttpRequest, n: int) -> HttpResponseBase:
    for word in request.body.split():
        paths.work(n + len(word))
    return HttpResponse(b"words")


def fail(request: HttpRequest, n: int) -> HttpResponseBase:
    paths.fail(n)
    raise AssertionError


def moved(request: HttpRequest, n: int) -> HttpResponseBase:
    paths.work(n)
    return HttpResponseRedirect("/plain/1")


def json(request: HttpRequest, n: int) -> HttpResponseBase:
    return JsonResponse({"answer": paths.work(n)})


VIEWS = (plain, steps, stream, length, file, empty, body, fail, moved, json)
urlpatterns = [path(f"{view.__name__}/<int:n>", view) for view in VIEWS]

asgi_app = asgi.KcovMiddleware(get_asgi_application())
wsgi_app = wsgi.KcovMiddleware(get_wsgi_application())
