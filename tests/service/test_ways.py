"""Services whose processes come and go: who shows the device, and are all of them collected?"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service import launched
from tests.service.collecting import Alone, enabled, take
from tests.service.launched import Launched
from tests.service.processes import (
    PATIENCE,
    all_are_alike,
    answers,
    fetch,
    replace_holder,
    served,
    shown_by,
    traced,
    until,
)
from tests.service.talking import ROOT, Told

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE
from pykcov.service.watch import Watch

pytestmark = [pytest.mark.slow, pytest.mark.once]


def watched(service: Launched, processes: int) -> None:
    """Requests without a handle, of so many processes, are seen by who watches."""
    seen: set[int] = set()

    def all_seen() -> bool:
        fetch(service.port)
        seen.update(request.process for request in watching.finished())
        return len(seen) == processes

    with Watch(service.device) as watching:
        until(all_seen, "a process is not watched")


def all_threads(service: Launched, processes: int) -> None:
    """KCOV_ENABLE collects from so many processes, and each request is in the area at once."""
    descriptor, area = enabled(pykcov.connect(service.device))
    counts: dict[int, int] = {}

    def all_counted() -> bool:
        take(area)
        process = fetch(service.port)
        counts[process] = len(take(area))
        assert counts[process] > 10, process
        return len(counts) == processes

    with descriptor:
        until(all_counted, "a process is missing")
        descriptor.ioctl(KCOV_DISABLE)


# -- an application that each worker loads, and that calls serve() --------------------------------

# By its script: it executes itself again as `python SCRIPT`, which is not what `-m gunicorn` was.
SCRIPT = str(Path(sys.executable).with_name("gunicorn"))
GUNICORN = [SCRIPT, "--bind", "127.0.0.1:0", "--no-control-socket", "--threads", "2"]
LAZY = [*GUNICORN, "tests.service.showing_app:app", "--workers", "3"]
NAMED = {"TEST_DEVICE": "{device}"}


@pytest.mark.parametrize("workers", ["gthread", "gevent"])
def test_each_worker_serves(workers: str, tmp_path: Path) -> None:
    pytest.importorskip("gevent" if workers == "gevent" else "gunicorn")
    words = [*LAZY, "--worker-class", workers]
    with launched.launched(words, tmp_path / "log", "Booting worker", 3, NAMED) as service:
        until(lambda: shown_by(service.device) > 0, "nobody shows the device")
        expected, _ = traced(service, 3)
        assert shown_by(service.device) in served(service.port)
        for signum in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            replace_holder(service, signum)
            until(lambda: len(served(service.port)) == 3, "a worker is missing")
            all_are_alike(service, expected, 3)
        watched(service, 3)
        all_threads(service, 3)


def test_workers_that_end_after_some_requests(tmp_path: Path) -> None:
    words = [*LAZY, "--max-requests", "20"]
    with launched.launched(words, tmp_path / "log", "Booting worker", 3, NAMED) as service:
        until(lambda: shown_by(service.device) > 0, "nobody shows the device")
        holders: set[int] = set()
        deadline = time.monotonic() + PATIENCE
        while len(holders) < 4 and time.monotonic() < deadline:
            with contextlib.suppress(pykcov.PykcovError, OSError):
                device = pykcov.connect(service.device)
                with device.remote("x") as t:
                    for _ in range(5):
                        fetch(service.port, "x")
                if t.complete:
                    holders.add(int(device.info["pid"]))
                    assert len(t.pcs) > 50
        assert len(holders) >= 4


def test_hup_of_workers_that_serve(tmp_path: Path) -> None:
    with launched.launched(LAZY, tmp_path / "log", "Booting worker", 3, NAMED) as service:
        until(lambda: shown_by(service.device) > 0, "nobody shows the device")
        expected, _ = traced(service, 3)
        before = served(service.port)
        os.kill(service.pid, signal.SIGHUP)
        until(lambda: not before & served(service.port), "old workers are still there")
        until(lambda: shown_by(service.device) not in {0, *before}, "nobody took over")
        assert not before & all_are_alike(service, expected, 3)


def test_spawned_workers_that_serve(tmp_path: Path) -> None:
    words = ["-m", "uvicorn", "tests.service.showing_asgi_app:app", "--port", "0"]
    words += ["--workers", "3", "--no-access-log"]
    with launched.launched(words, tmp_path / "log", "startup complete", 3, NAMED) as service:
        until(lambda: shown_by(service.device) > 0, "nobody shows the device")
        expected, _ = traced(service, 3)
        replace_holder(service, signal.SIGKILL)
        until(lambda: len(served(service.port)) == 3, "a worker is missing")
        all_are_alike(service, expected, 3)


# -- gunicorn's signals, under pykcov run ---------------------------------------------------------

RUN = launched.of_device(*GUNICORN, "tests.service.flask_app:app", "--workers", "2")


def test_hup(tmp_path: Path) -> None:
    with launched.launched(RUN, tmp_path / "log", "Booting worker", 2) as service:
        expected, _ = traced(service, 2)
        before = served(service.port)
        os.kill(service.pid, signal.SIGHUP)
        until(lambda: not before & served(service.port), "old workers are still there")
        assert shown_by(service.device) == service.pid
        assert not before & all_are_alike(service, expected, 2)


def test_a_new_master_takes_over_from_the_old_one(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    words = [*RUN, "--pid", str(pidfile)]
    with launched.launched(words, tmp_path / "log", "Booting worker", 2) as service:
        expected, _ = traced(service, 2)
        old = served(service.port)
        os.kill(service.pid, signal.SIGUSR2)
        until(lambda: len(served(service.port) - old) == 2, "the new workers are missing")
        assert shown_by(service.device) == service.pid
        both = all_are_alike(service, expected, 4)
        assert both & old
        assert both - old, "workers of the new master are collected, too"
        new = int(pidfile.with_name("pid.2").read_text())
        os.kill(service.pid, signal.SIGTERM)
        until(lambda: shown_by(service.device) == new, "the new master shows no device")
        until(lambda: not served(service.port) & old, "old workers are still there")
        assert not all_are_alike(service, expected, 2) & old
        os.kill(new, signal.SIGTERM)
        until(lambda: not Path(f"/proc/{new}").exists(), "the new master is still there")


# -- reloaders ------------------------------------------------------------------------------------

RELOADED = """
import os
from pykcov.service.{kind} import KcovMiddleware

def work(n):
    if n > {n}:
        return "more"
    return "less"

{app}
"""
ASGI = """
async def plain(scope, receive, send):
    if scope["type"] != "http":
        return
    body = work(5).encode()
    sent = [(b"x-process", b"%d" % os.getpid()), (b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": sent})
    await send({"type": "http.response.body", "body": body})

app = KcovMiddleware(plain)
"""
FLASK = """
from flask import Flask
app = Flask("reloaded")
app.wsgi_app = KcovMiddleware(app.wsgi_app)

@app.get("/plain/1")
def plain():
    return work(5), 200, {"X-Process": str(os.getpid()), "Connection": "close"}
"""
RELOADERS = {
    "uvicorn": ("asgi", ASGI, ["-m", "uvicorn", "reloaded:app", "--port", "0", "--reload"]),
    "flask": ("wsgi", FLASK, ["-m", "flask", "--app", "reloaded", "run", "--debug", "-p", "0"]),
}


@pytest.mark.parametrize(
    "name",
    [
        "uvicorn",
        pytest.param(
            "flask",
            marks=pytest.mark.skipif(
                importlib.util.find_spec("watchdog") is not None,
                reason="watchdog is installed: Flask reloads by it, and not always, pykcov or not",
            ),
        ),
    ],
)
def test_a_reloader(name: str, tmp_path: Path) -> None:
    kind, app, words = RELOADERS[name]
    module = tmp_path / "reloaded.py"
    device = f"reloaded-{name}-{os.getpid()}"

    def write(n: int) -> None:
        module.write_text(RELOADED.format(kind=kind, n=n, app=app), encoding="utf-8")

    def lines() -> set[int]:
        with pykcov.connect(device).remote("x", timeout=1) as t:
            fetch(port, "x")
        return {block.start_line for block in t.blocks if block.file == str(module)}

    write(1)
    run = ["-m", "pykcov", "run", "--device", device, "--source", str(tmp_path)]
    with launched.started([*run, *words], tmp_path / "log", tmp_path) as process:
        port = launched.port_of(process, tmp_path / "log", "http", 1)
        until(lambda: answers(port), "no answer")
        before = fetch(port)
        assert {6, 7} <= lines()
        write(99)  # another size: a .pyc knows the seconds, and that
        changed = [time.monotonic()]

        def reloaded() -> bool:
            """A reloader that has not looked before the change takes it for what was there."""
            if time.monotonic() > changed[0] + 3:
                changed[0] = time.monotonic()
                os.utime(module)
            return answers(port) and fetch(port) != before

        until(reloaded, "nothing was reloaded")
        assert {6, 8} <= lines()
        assert 7 not in lines()


# -- other services -------------------------------------------------------------------------------

SERVE = """
import sys
import pykcov
pykcov.instrument(source=["tomllib"])
try:
    made = pykcov.serve(sys.argv[1], **eval(sys.argv[2]))
except pykcov.PykcovError as error:
    print(error.slug, flush=True)
else:
    print(type(made).__name__, flush=True)
    if sys.argv[2] != "{}" or sys.stdin.readline():
        sys.stdin.read()
    made.close()
"""


@contextlib.contextmanager
def program(path: Path, *words: str, cwd: Path = ROOT) -> Iterator[tuple[str, int]]:
    """A program that serves; yields what came of it, and its pid."""
    with subprocess.Popen(
        [sys.executable, str(path), *words],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process.pid
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0


def test_who_may_join(tmp_path: Path) -> None:
    """The same program, and another one that says so."""
    one, other, name = tmp_path / "one.py", tmp_path / "other.py", f"conflict-{os.getpid()}"
    for path in (one, other):
        path.write_text(SERVE, encoding="utf-8")
    with program(one, name, "{}") as (first, _):
        assert first == "Server"
        for path, join, expected in (
            (one, "{}", "Standby"),
            (other, "{}", "device-taken"),
            (other, "dict(join=True)", "Standby"),
            (other, "dict(join=False)", "device-taken"),
        ):
            with program(path, name, join) as (found, _):
                assert found == expected, (path, join)
        with program(one, name, "{}", cwd=tmp_path) as (found, _):
            assert found == "device-taken", "another directory, another service"


def test_one_that_stands_by_and_closes_does_not_take_over(tmp_path: Path) -> None:
    path, name = tmp_path / "one.py", f"closed-{os.getpid()}"
    path.write_text(SERVE, encoding="utf-8")
    with program(path, name, "{}") as (_, first):
        with program(path, name, "{}") as (found, _):
            assert found == "Standby"
        with program(path, name, "{}") as (found, second):
            assert found == "Standby"
            assert shown_by(name) == first
            os.kill(first, signal.SIGSTOP)  # it lives, and its device with it
            time.sleep(0.2)
            os.kill(first, signal.SIGCONT)
            assert shown_by(name) == first
            assert second != first
    assert shown_by(name) == 0


def test_workers_of_a_device_that_has_been_replaced(
    worker: Told,
    name: str,
    alone: Alone,
) -> None:
    """The process that shows it dies and is started again; a worker of the first lives on."""
    with pykcov.connect(name).remote(1):
        worker.process.kill()
        worker.process.wait()
        with Told() as other:
            other.do(f"import pykcov; pykcov.serve({name!r})")
            with pykcov.connect(name).remote(2) as t:
                worker.do("run(1, 1)")
                other.do("run(2, 2)")
        assert (list(t.pcs), t.complete) == (alone(2), True)
