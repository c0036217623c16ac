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
from tests.service import gevent_program, judging, launched, serving
from tests.service.judging import kinds_of
from tests.service.processes import judged
from tests.service.raw import Client, Kind

import pykcov

pytestmark = [pytest.mark.slow, pytest.mark.once]
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


# -- servers in processes of their own, whose clients are here -------------------------------------


async def body(port: int, path: str, handle: str | None = None) -> bytes:
    async with Client(port) as client:
        answer = await client.fetch(Kind(path), handle)
    assert answer.status == 200, answer
    return answer.body


@pytest.mark.parametrize(("workers", "app"), [("gthread", "flask_app"), ("gevent", "gevent_app")])
def test_gunicorn_that_shows_its_device(
    note: Callable[[str], None], tmp_path: Path, workers: str, app: str
) -> None:
    words = launched.of_device(
        *["-m", "gunicorn", f"tests.service.{app}:app", "--bind", "127.0.0.1:0"],
        *["--workers", "4", "--worker-class", workers, "--threads", "16"],
        *["--timeout", "4", "--no-control-socket"],  # seconds, then a worker that hangs is killed
    )
    with launched.launched(words, tmp_path / "log", "Booting worker with pid", 4) as service:
        requests, processes = judged(service, kinds_of("flask_app"))
    assert processes > 1
    told = f"Flask, {processes} {workers} workers: {requests} requests traced as alone"
    note(f"pykcov run gunicorn, {told}")


def test_uvicorn_with_spawned_workers(note: Callable[[str], None], tmp_path: Path) -> None:
    words = launched.of_device(
        *["-m", "uvicorn", "tests.service.starlette_app:signed", "--port", "0"],
        *["--workers", "4", "--no-access-log", "--ws", "none"],
    )
    with launched.launched(words, tmp_path / "log", "Application startup complete", 4) as service:
        requests, processes = judged(service, kinds_of("starlette_app"))
    assert processes > 1
    note(f"pykcov run uvicorn, FastAPI, {processes} workers: {requests} requests traced as alone")


@pytest.mark.parametrize("shown", ["before", "after"])
def test_gevent(note: Callable[[str], None], tmp_path: Path, shown: str) -> None:
    """shown: is the device, before or after gevent has patched what shows it?"""
    program = ["-m", "tests.service.gevent_program"]
    words = launched.of_device(*program) if shown == "before" else [*program, "{device}"]
    with launched.launched(words, tmp_path / "log", "http", 1) as service:
        with pykcov.connect(service.device).remote("spawned") as t:
            asyncio.run(body(service.port, "/spawn/16", "spawned"))
        assert [block.function for block in t.blocks].count("spawned") == 3
        # gevent sends the end of a chunked body for HEAD, too, and so breaks the connection.
        kinds = [kind for kind in kinds_of("flask_app") if kind != Kind("/stream/4", "HEAD")]
        kinds += gevent_program.MORE
        requests, processes = judged(service, kinds)
        most = int(asyncio.run(body(service.port, "/most")))
    assert processes == 1
    assert most > judging.IN_FLIGHT // 4
    note(f"gevent, {shown}, Flask: {requests} requests traced as alone, up to {most} at once")
