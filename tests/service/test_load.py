"""64 requests in flight, of many kinds, on real servers: each is traced as it is alone."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.live.collector import Collector
from tests.service import judging, serving
from tests.service.raw import Kind

import pykcov

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def enabled() -> Iterator[list[Collector]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(client) for client in judging.collectors()]


@pytest.fixture
def run(note: Callable[[str], None]) -> Callable[[str, int, Sequence[Kind]], None]:
    def judged(name: str, port: int, kinds: Sequence[Kind]) -> None:
        with enabled() as clients:
            done, _ = asyncio.run(judging.judge(port, kinds, clients))
        note(f"{name}: {done} requests traced as alone")

    return judged


Run = Callable[[str, int, Sequence[Kind]], None]


def test_uvicorn_with_fastapi(run: Run) -> None:
    starlette = "**/site-packages/starlette/**"
    with pykcov.instrument(include=[*judging.APPS, starlette]):
        from tests.service import starlette_app

        with serving.uvicorn_of(starlette_app.app) as port:
            run("uvicorn, FastAPI", port, starlette_app.KINDS)


def test_waitress_with_flask(run: Run) -> None:
    with pykcov.instrument(include=judging.APPS):
        from tests.service import flask_app

        with serving.waitress_of(flask_app.app) as port:
            run("waitress, Flask", port, flask_app.KINDS)


def test_django_over_asgi(run: Run) -> None:
    with pykcov.instrument(include=judging.APPS):
        from tests.service import django_app

        with serving.uvicorn_of(django_app.asgi_app, lifespan="off") as port:
            run("uvicorn, Django", port, django_app.KINDS)


def test_django_over_wsgi(run: Run) -> None:
    with pykcov.instrument(include=judging.APPS):
        from tests.service import django_app

        # waitress sends the body that Django gives it for HEAD, and so breaks the connection.
        kinds = [kind for kind in django_app.KINDS if kind.method != "HEAD"]
        with serving.waitress_of(django_app.wsgi_app) as port:
            run("waitress, Django", port, kinds)


def test_gunicorn_with_four_forked_workers(note: Callable[[str], None]) -> None:
    command = [sys.executable, "-m", "tests.service.gunicorn_program"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    requests, processes = map(int, done.stdout.split())
    assert requests == judging.TOTAL
    assert processes == 4
    note(f"gunicorn, Flask, 4 workers: {requests} requests traced as alone")
