"""Celery, RQ and dramatiq: 16 jobs in flight are each traced as alone, when the result is there."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.live.collector import Collector
from tests.marks import jobs, jobs_app
from tests.service import judging, launched, paths

import pykcov

pytestmark = [pytest.mark.slow, pytest.mark.once]
Note = Callable[[str], None]


@pytest.fixture(scope="module")
def redis_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with jobs.redis_server(tmp_path_factory.mktemp("redis")) as path:
        os.environ["TESTS_REDIS"] = str(path)  # the applications that are imported read it
        yield path
        del os.environ["TESTS_REDIS"]


# -- Celery ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def celery_worker(folder: Path, *options: str) -> Iterator[tuple[str, Any]]:
    """A worker; yields its device, and the module of the application, as its clients have it."""
    pytest.importorskip("celery")
    app = importlib.import_module("tests.marks.celery_app")
    words = launched.of_device(
        *["-m", "celery", "-A", "tests.marks.celery_app", "worker", "-l", "info"],
        *["--without-gossip", "--without-mingle", "--without-heartbeat", *options],
    )
    with launched.launched(words, folder / "log", " ready.", 1, listens=False) as worker:
        yield worker.device, app
        app.app.control.purge()


def finished(result: Any) -> Any:
    """Wait for a result, in whatever thread, which get() of redis's results is not for."""
    deadline = time.monotonic() + 60
    while not result.ready():
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return result


@pytest.mark.parametrize(
    "pool", [("prefork", "4"), ("threads", "8"), ("gevent", "16")], ids=lambda pool: pool[0]
)
def test_celery(pool: tuple[str, str], redis_path: Path, tmp_path: Path, note: Note) -> None:
    name, number = pool
    with celery_worker(tmp_path, "--pool", name, "--concurrency", number) as (device, app):

        def do(kind: str, n: int, handle: int | str | None) -> None:
            headers = {} if handle is None else {"x-kcov-handle": handle}
            finished(app.run.apply_async((kind, n), headers=headers))

        count = jobs.judge(device, do)
    note(f"Celery, {name}: {count} jobs traced as alone")


def test_celery_handlers_retries_and_jobs_of_jobs(redis_path: Path, tmp_path: Path) -> None:
    with celery_worker(tmp_path, "--pool", "solo") as (device, app):
        headers = {"x-kcov-handle": "seven"}

        def called() -> list[str]:
            """Names of functions, in the order in which their blocks came."""
            names = [block.function.rpartition(".")[2] for block in t.blocks]
            return [name for name, _ in itertools.groupby(names)]

        def send(task: Any) -> None:
            t.clear()
            finished(task.apply_async(headers=headers))

        with pykcov.connect(device).remote("seven") as t:
            send(app.handled)
            before = ["before_start", "__call__", "handled"]
            assert called()[:3] == before
            # The result is stored before these.
            assert t.wait(10)
            assert called() == [*before, "on_success", "after_return"]
            send(app.retried)
            assert called() == ["retried"]
            assert t.pcs.count(t.pcs[0]) == 3
            send(app.sends)
            assert called()[0] == "sends"
            wait_for(lambda: "work" in called())
        assert t.complete


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_celery_without_a_worker(redis_path: Path) -> None:
    """apply() runs a task at once, here."""
    pytest.importorskip("celery")
    with pykcov.instrument(include=judging.APPS):
        app: Any = importlib.import_module("tests.marks.celery_app")
        with pykcov.trace() as t:
            paths.line(5)
        with Collector("seven") as client:
            app.run.apply(("line", 5), headers={"x-kcov-handle": "seven"})
            found = client.take()
            assert [pc for pc in found if pc in set(t.pcs)] == list(t.pcs)
            app.run.apply(("line", 5))
            assert client.take() == []


# -- RQ -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Worker", "SimpleWorker"])
def test_rq(kind: str, redis_path: Path, tmp_path: Path, note: Note) -> None:
    pytest.importorskip("rq")
    from redis import Redis
    from rq import Queue

    connection = Redis(unix_socket_path=str(redis_path))
    queue = Queue(kind, connection=connection)
    words = launched.of_device(
        *["-m", "rq.cli", "worker-pool", kind, "--num-workers", "3"],
        *["--worker-class", f"pykcov.marks.rq.{kind}", "--url", f"unix://{redis_path}"],
    )
    with launched.launched(words, tmp_path / "log", "Listening on", 3, listens=False) as workers:

        def do(kind: str, n: int, handle: int | str | None) -> None:
            meta = {} if handle is None else {"x-kcov-handle": handle}
            job = queue.enqueue(jobs_app.run, kind, n, meta=meta)
            deadline = time.monotonic() + 60
            while (job.get_status() or "") not in ("finished", "failed"):
                assert time.monotonic() < deadline
                time.sleep(0.002)

        count = jobs.judge(workers.device, do, 4)
    connection.close()
    note(f"RQ, {kind}: {count} jobs traced as alone")


# -- dramatiq -------------------------------------------------------------------------------------


def test_dramatiq(redis_path: Path, tmp_path: Path, note: Note) -> None:
    pytest.importorskip("dramatiq")
    app: Any = importlib.import_module("tests.marks.dramatiq_app")
    words = launched.of_device(
        *["-m", "dramatiq", "tests.marks.dramatiq_app", "--processes", "2", "--threads", "8"],
        *["--worker-shutdown-timeout", "1000"],
    )
    with launched.launched(words, tmp_path / "log", "ready for action", 2, listens=False) as worker:

        def do(kind: str, n: int, handle: int | str | None) -> None:
            options = {} if handle is None else {"kcov_handle": handle}
            message = app.run.send_with_options(args=(kind, n), **options)
            with contextlib.suppress(app.ResultFailure):
                message.get_result(block=True, timeout=60_000)

        count = jobs.judge(worker.device, do)
        with pykcov.connect(worker.device).remote("seven") as t:
            app.sends.send_with_options(kcov_handle="seven").get_result(block=True)
            wait_for(lambda: "line" in [block.function for block in t.blocks])
        assert t.complete
    note(f"dramatiq: {count} jobs traced as alone")
