"""pykcov watch: every request of a service, as it finishes, whoever collects it."""

from __future__ import annotations

import json
import mmap
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.live import subject
from tests.service.conftest import Service
from tests.service.test_device import alone  # noqa: F401 - a fixture

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE, WORD
from pykcov.report.data import DataFile
from pykcov.service import ring
from pykcov.service.asgi import KcovMiddleware
from pykcov.service.ring import Reader
from pykcov.service.watching import Watch

Start = Callable[..., Service]
Alone = Callable[[int], list[int]]


@pytest.mark.parametrize(("workers", "method"), [(0, "fork"), (3, "fork"), (2, "spawn")])
def test_all_requests(start: Start, alone: Alone, workers: int, method: str) -> None:  # noqa: F811
    service = start(workers, method)
    device = pykcov.connect(service.name)
    with Watch(service.name) as watch:
        service.request(8, 1)  # nobody else collects it
        with device.remote(7) as t:
            service.request(7, 2)
        assert list(t.pcs) == alone(2)
        service.request("name", 3)
        seen = list(watch.finished())
        assert [list(request.pcs) for request in seen] == [alone(n) for n in (1, 2, 3)]
        handles = [pykcov.handle_of(name) for name in (8, 7, "name")]
        assert [request.handle for request in seen] == handles
        assert len({request.process for request in seen}) == max(1, workers)
        with pytest.raises(pykcov.PykcovError, match="device-watched"):
            Watch(service.name)
        assert watch.lost == 0
    deadline = time.monotonic() + 10
    while True:
        try:
            with Watch(service.name) as watch:
                service.request(8, 4)
                assert [list(request.pcs) for request in watch.finished()] == [alone(4)]
            return
        except pykcov.PykcovError:
            assert time.monotonic() < deadline  # the service has to see that the first has gone


def test_without_a_watch_nothing_is_recorded_for_it(start: Start, alone: Alone) -> None:  # noqa: F811
    """KCOV_ENABLE has what is in no section; who only watches takes nothing away from it."""
    service = start(2)
    with pykcov.connect(service.name).open() as descriptor, Watch(service.name) as watch:
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        area = descriptor.mmap(512 * WORD)
        descriptor.ioctl(KCOV_ENABLE)
        service.request(8, 1)
        with memoryview(area) as view, view.cast("Q") as words:
            assert words[1 : 1 + words[0]].tolist() == alone(1)
        assert list(watch.finished()) == []
        descriptor.ioctl(KCOV_DISABLE)
        service.request(8, 2)
        assert [list(request.pcs) for request in watch.finished()] == [alone(2)]


def test_more_than_the_ring_holds(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start(2)
    with Watch(service.name) as watch:
        total = frames = 0
        while not watch.lost:
            for n in range(64):
                service.request(8, n)
            total += 64
            assert total < 1 << 16
        seen = list(watch.finished())
        frames = len(seen)
        assert frames + watch.lost == total
        for request, n in zip(seen, range(total), strict=False):
            assert list(request.pcs) == alone(n % 64)
        lost = watch.lost
        for n in range(500):  # it goes round
            service.request(8, n % 64)
            assert [list(request.pcs) for request in watch.finished()] == [alone(n % 64)]
        assert watch.lost == lost


@pytest.mark.parametrize("tail", [1, 2**63, 2**64 - 1, 1 << 30])
def test_a_reader_that_scribbles_harms_itself(start: Start, alone: Alone, tail: int) -> None:  # noqa: F811
    service = start()
    with Watch(service.name) as watch:
        watch._reader._words[1] = tail
        for _ in range(5):
            assert service.request(7, 1) == "whole"
        watch._reader._words[0] = tail
    with pykcov.connect(service.name).remote(7) as t:
        service.request(7, 1)
    assert list(t.pcs) == alone(1)


def test_a_worker_that_is_killed(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start(4)
    with Watch(service.name) as watch:
        victim = int(service.ask("pid"))
        for i in range(400):
            service.send(8, i % 8)
        os.kill(victim, signal.SIGKILL)
        for _ in range(100):
            assert service.line() == "whole"
        expected = [alone(n) for n in range(8)]
        assert all(list(request.pcs) in expected for request in watch.finished())


# -- requests over HTTP ---------------------------------------------------------------------------


async def index(request: Request) -> Response:
    subject.work(int(request.query_params["n"]))
    return PlainTextResponse("hello", background=BackgroundTask(subject.work, 5))


def test_one_request_is_one_line_with_or_without_the_header(alone: Alone) -> None:  # noqa: F811
    app = KcovMiddleware(Starlette(routes=[Route("/", index)]))
    name = f"watched-{os.getpid()}"
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        server = pykcov.serve(name)
        try:
            with TestClient(app) as client, Watch(name) as watch:
                client.get("/?n=1", headers={"X-Kcov-Handle": "7"})
                client.get("/?n=2")
                first, second = watch.finished()
                assert (first.handle, second.handle) == (pykcov.handle_of(7), 0)
                assert list(first.pcs) == alone(1) + alone(5)
                assert list(second.pcs) == alone(2) + alone(5)
        finally:
            server.close()


# -- the command ----------------------------------------------------------------------------------


@contextmanager
def watching(name: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "pykcov", "watch", name, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline().startswith(f"pykcov: watching {name}, process ")
        yield process
        process.kill()


def test_lines_for_people(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start(1)
    with watching(service.name) as process:
        for handle, n in (("7", 1), ("7", 1), ("name", 63)):
            service.request(handle, n)
        assert process.stdout is not None
        header, *rows = (line.split() for line in islice(process.stdout, 4))
        assert header == ["time", "handle", "records", "blocks", "new", "files"]
        blocks = len(set(alone(1)))
        more = set(alone(63))
        file = "tests/live/subject.py"
        assert [row[1:] for row in rows] == [
            ["7", str(len(alone(1))), str(blocks), str(blocks), file, str(blocks)],
            ["7", str(len(alone(1))), str(blocks), "0", file, str(blocks)],
            [
                hex(pykcov.handle_of("name") & 0xFFFFFFFF),
                str(len(alone(63))),
                str(len(more)),
                str(len(more - set(alone(1)))),
                file,
                str(len(more)),
            ],
        ]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read().startswith(f"pykcov: 3 requests, {len(more | set(alone(1)))} ")


def test_requests_become_data(start: Start, alone: Alone, tmp_path: Path) -> None:  # noqa: F811
    service = start()
    data = DataFile(tmp_path / "data")
    with watching(service.name, "--data", str(data.path)) as process:
        for n in (1, 1, 2):
            service.request("7", n)
        assert process.stdout is not None
        assert len(list(islice(process.stdout, 4))) == 4
    (measured,) = data.read()
    expected = Counter(alone(1) + alone(1) + alone(2))
    assert sorted(measured.hits["7"].values()) == sorted(expected.values())


def test_lines_for_programs_and_the_end_of_the_service(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start()
    with watching(service.name, "--json") as process:
        service.request("7", 1)
        assert process.stdout is not None
        row = json.loads(process.stdout.readline())
        assert row["handle"] == pykcov.handle_of(7)
        assert row["process"] == service.process.pid
        assert row["records"] == len(alone(1))
        assert row["blocks"] == row["new"] == sum(row["files"].values()) == len(set(alone(1)))
        assert row["complete"]
        assert abs(row["time"] - time.time()) < 60
        service.process.kill()
        service.process.wait()
        assert process.wait(10) == 1
        assert process.stderr is not None
        assert process.stderr.read().splitlines()[-1] == (
            f"pykcov: the process that showed {service.name!r} has gone"
        )


def test_the_ring_goes_round() -> None:
    """Frames of all lengths, over the end of the ring."""
    made = ring.Ring("ring", lambda: False)
    try:
        reader = Reader(made.fds[0])
        words = mmap.mmap(-1, 1 << 20)
        view = memoryview(words).cast("Q")
        for n in range(200):
            view[0] = count = n * 611 % 50000
            view[1 : 1 + count] = memoryview(bytes(8 * count)).cast("Q")
            if count:
                view[1] = view[count] = n
            made.watcher.report(words, n, n + 1, n % 4)
            (frame,) = reader.frames()
            assert frame[:5] == (n, n + 1, count, bool(n & 1), bool(n & 2))
            assert len(frame.pcs) == count
            assert not count or frame.pcs[0] == frame.pcs[-1] == n
        view.release()
        reader.close()
    finally:
        made.close()
