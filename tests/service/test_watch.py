"""pykcov watch: every request of a service, as it finishes, whoever collects it."""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from tests.live import subject
from tests.machine import need_terminals
from tests.service.collecting import Alone
from tests.service.talking import Start

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE, WORD
from pykcov.cli.columns import printable
from pykcov.cli.watch import Seen, context_of
from pykcov.device import sections
from pykcov.device.labels import TEXT_MOST, Label, decode
from pykcov.device.watcher import FRAME_LAST
from pykcov.measure.datafile import DataFile
from pykcov.probe import Shared
from pykcov.service import ring
from pykcov.service.asgi import KcovMiddleware
from pykcov.service.ring import Reader
from pykcov.service.watch import Finished, Watch
from pykcov.service.wsgi import KcovMiddleware as WSGIMiddleware
from pykcov.symbols.store import SymbolStore


@pytest.mark.parametrize(("workers", "method"), [(0, "fork"), (3, "fork"), (2, "spawn")])
def test_all_requests(start: Start, alone: Alone, workers: int, method: str) -> None:
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
        assert [request.name for request in seen] == ["8", "7", "name"]
        assert all(0 < request.seconds < 60 for request in seen)
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


def test_without_a_watch_nothing_is_recorded_for_it(start: Start, alone: Alone) -> None:
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


@pytest.mark.once
def test_more_than_the_ring_holds(start: Start, alone: Alone) -> None:
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
def test_a_reader_that_scribbles_harms_itself(start: Start, alone: Alone, tail: int) -> None:
    service = start()
    with Watch(service.name) as watch:
        watch._reader._words[1] = tail
        for _ in range(5):
            assert service.request(7, 1) == "whole"
        watch._reader._words[0] = tail
    with pykcov.connect(service.name).remote(7) as t:
        service.request(7, 1)
    assert list(t.pcs) == alone(1)


def test_a_worker_that_is_killed(start: Start, alone: Alone) -> None:
    service = start(4)
    with Watch(service.name) as watch:
        victim = int(service.ask("pid"))
        for i in range(400):
            service.begin(8, i % 8)
        os.kill(victim, signal.SIGKILL)
        for _ in range(100):
            assert service.line() == "whole"
        expected = [alone(n) for n in range(8)]
        assert all(list(request.pcs) in expected for request in watch.finished())


# -- requests over HTTP ---------------------------------------------------------------------------

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b\u202e"


async def index(request: Request) -> Response:
    subject.work(int(request.query_params["n"]))
    status = int(request.query_params.get("status", 200))
    return PlainTextResponse("hello", status, background=BackgroundTask(subject.work, 5))


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    subject.work(int(await websocket.receive_text()))
    await websocket.send_text("done")
    await websocket.close()


def flask_like(environ: Any, start_response: Any) -> Any:
    subject.work(int(environ["QUERY_STRING"]))
    start_response("404 No Such Thing", [("Content-Length", "2")])
    return iter([b"no"])


ROUTES = [Route("/a/{rest:path}", index), Route("/", index), WebSocketRoute("/ws", socket)]


@contextmanager
def watched() -> Iterator[Watch]:
    """The device of this process, watched."""
    name = f"watched-{os.getpid()}"
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        server = pykcov.serve(name)
        try:
            with Watch(name) as watch:
                yield watch
        finally:
            server.close()


def test_one_request_is_one_line_with_or_without_the_header(alone: Alone) -> None:
    app = KcovMiddleware(Starlette(routes=ROUTES))
    with TestClient(app) as client, watched() as watch:
        client.get("/?n=1", headers={"X-Kcov-Handle": " 007 "})
        client.post("/a/b?n=2")
        client.get("/a/b%20c%1b%C3%9F?n=3&status=503")
        first, second, third = watch.finished()
        assert (first.handle, first.name) == (pykcov.handle_of(7), "007")
        assert (first.method, first.path, first.query, first.status) == ("GET", "/", "n=1", 200)
        assert (second.handle, second.name) == (0, None)
        assert (second.method, second.path, second.status) == ("POST", "/a/b", 405)
        assert (third.path, third.query) == ("/a/b c\x1bß", "n=3&status=503")
        assert third.status == 503
        assert list(first.pcs) == alone(1) + alone(5)
        assert list(third.pcs) == alone(3) + alone(5)


def test_a_websocket_is_a_line(alone: Alone) -> None:
    app = KcovMiddleware(Starlette(routes=ROUTES))
    with TestClient(app) as client, watched() as watch:
        with client.websocket_connect("/ws?a=b", headers={"X-Kcov-Handle": "mine"}) as connection:
            connection.send_text("3")
            assert connection.receive_text() == "done"
        with suppress(WebSocketDisconnect), client.websocket_connect("/none"):
            pass
        first, second = watch.finished()
        assert (first.method, first.path, first.query) == ("WS", "/ws", "a=b")
        assert (first.name, first.status, list(first.pcs)) == ("mine", 101, alone(3))
        assert (second.method, second.path, second.status) == ("WS", "/none", 403)


def test_a_wsgi_request_is_a_line(alone: Alone) -> None:
    app = WSGIMiddleware(flask_like)
    environ: dict[str, Any] = {
        "SCRIPT_NAME": "/under",
        "PATH_INFO": "/grü\xffn".encode().decode("latin-1") + "\xff",
        "QUERY_STRING": "3",
        "HTTP_X_KCOV_HANDLE": HOSTILE.encode().decode("latin-1"),
        "REQUEST_METHOD": "PUT",
    }
    setup_testing_defaults(environ)
    with watched() as watch:
        body = app(environ, lambda *_: lambda data: None)
        assert b"".join(body) == b"no"
        body.close()  # type: ignore[attr-defined]
        (request,) = watch.finished()
        assert (request.method, request.path) == ("PUT", "/under/grüÿn\udcff")
        assert (request.query, request.status, request.name) == ("3", 404, HOSTILE)
        assert list(request.pcs) == alone(3)


def test_a_handle_that_is_none_is_no_way_to_hide(alone: Alone) -> None:
    app = KcovMiddleware(Starlette(routes=ROUTES), secret="of tests")
    with TestClient(app) as client, watched() as watch:
        for value in ("7", pykcov.signed(7, "another"), pykcov.signed(7, "of tests")):
            client.get("/?n=1", headers={"X-Kcov-Handle": value})
        seen = list(watch.finished())
        assert [request.name for request in seen] == [None, None, "7"]
        assert [request.handle for request in seen] == [0, 0, pykcov.handle_of(7)]
        assert all(list(request.pcs) == alone(1) + alone(5) for request in seen)


def test_without_a_watcher_there_is_no_text(
    alone: Alone,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Label, "encode", lambda self: pytest.fail("somebody watches"))
    app = KcovMiddleware(Starlette(routes=ROUTES))
    with (
        pykcov.instrument(include=["**/tests/live/subject.py"]),
        closing(pykcov.serve(f"unwatched-{os.getpid()}")) as server,
        TestClient(app) as client,
        pykcov.connect(server.name).remote(7) as t,
    ):
        client.get("/?n=1", headers={"X-Kcov-Handle": "7"})
        assert list(t.pcs) == alone(1)
        assert t.wait()
        assert list(t.pcs) == alone(1) + alone(5)


# -- labels ---------------------------------------------------------------------------------------


def test_a_label_of_whatever_size_fits() -> None:
    for text in ("x", "\U0001f600", "\udcff", '"'):
        label = Label(text * 1024)
        label.method = label.path = label.query = text * 100_000
        label.status = 2**64
        encoded = label.encode()
        assert len(encoded) < TEXT_MOST
        told = decode(encoded)
        assert told["handle"] == text * 1024
        assert told["path"] == text * 511 + "…"
        assert told["query"] == text * 255 + "…"
        label.path = (text * 100_000).encode("utf-8", "surrogateescape")
        assert decode(label.encode())["path"] == told["path"]
    label = Label(None)
    assert decode(label.encode()).keys() == {"seconds"}


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[1]", b"\xff", b'{"handle": 7, "status": "x", "seconds": null, "x": 1}']
)
def test_a_text_that_is_no_label_tells_nothing(text: bytes) -> None:
    assert decode(text) == {}


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
        try:
            assert process.stderr.readline().startswith(f"pykcov: watching {name}, process ")
            yield process
        finally:
            process.kill()


def test_lines_for_people(start: Start, alone: Alone) -> None:
    service = start(1)
    with watching(service.name) as process:
        for handle, n in (("7", 1), ("7", 1), ("name", 63)):
            service.request(handle, n)
        assert process.stdout is not None
        header, *rows = (line.split() for line in islice(process.stdout, 4))
        names = ["time", "handle", "request", "status", "took", "records", "blocks", "new", "files"]
        assert header == names
        blocks = len(set(alone(1)))
        more = set(alone(63))
        new = len(more - set(alone(1)))
        file = "tests/live/subject.py"
        for row in rows:
            assert row[2:4] == ["-", "-"]
            assert row[4].endswith("ms")
            del row[:1], row[1:4]
        assert rows == [
            ["7", str(len(alone(1))), str(blocks), str(blocks), file, str(blocks)],
            ["7", str(len(alone(1))), str(blocks), "0", file, str(blocks)],
            ["name", str(len(alone(63))), str(len(more)), str(new), file, str(len(more))],
        ]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read().startswith(f"pykcov: 3 requests, {len(more | set(alone(1)))} ")


def test_requests_become_data(start: Start, alone: Alone, tmp_path: Path) -> None:
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


def test_requests_without_a_handle_are_counted_under_their_paths(tmp_path: Path) -> None:
    data = DataFile(tmp_path / "data")
    app = KcovMiddleware(Starlette(routes=ROUTES))
    name = f"counted-{os.getpid()}"
    with (
        pykcov.instrument(include=["**/tests/live/subject.py"]),
        closing(pykcov.serve(name)),
        TestClient(app) as client,
        watching(name, "--data", str(data.path)) as process,
    ):
        client.get("/?n=1")
        client.get("/?n=2")
        client.get("/a/%1b%5b?n=1")
        client.get("/?n=1", headers={b"X-Kcov-Handle": b"\x1b[2Jme"})
        assert process.stdout is not None
        lines = list(islice(process.stdout, 5))
        assert all(line.strip("\n").isprintable() for line in lines)
    (measured,) = data.read()
    assert measured.hits.keys() == {"GET /", r"GET /a/\x1b[", r"\x1b[2Jme"}


def test_each_context_has_a_name_that_can_be_stored_and_printed() -> None:
    for name in ("7", "request 1", "Grüße", HOSTILE, "\udcff\0"):
        context = context_of(Finished(5, 1, name=name))
        assert context == printable(name)
        context.encode()
    assert context_of(Finished(0, 1, method="GET", path="/x", query="y")) == "GET /x"
    assert context_of(Finished(0, 1)) == "-"
    assert context_of(Finished(7, 1)) == "0x7"
    assert context_of(Finished(pykcov.handle_of(7), 1)) == "7"
    assert context_of(Finished(pykcov.handle_of("x"), 1)) == hex(zlib.crc32(b"x"))


def test_lines_fit_the_terminal_while_its_size_changes(start: Start) -> None:
    service = start()
    need_terminals()
    terminal, theirs = pty.openpty()
    read = ""

    def resize(columns: int) -> None:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def lines_until(text: str) -> list[str]:
        nonlocal read
        while text not in read:
            read += os.read(terminal, 1 << 16).decode()
        lines = read.replace("\r", "").splitlines()
        read = ""
        return lines

    resize(80)
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-m", "pykcov", "watch", service.name],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        try:
            assert list(map(len, lines_until("new\r\n"))) == [80]
            service.request("a" * 99, 1)
            (line,) = lines_until("\r\n")
            assert len(line) == 80
            assert "aaa…" in line
            resize(200)
            service.request("b" * 99, 1)
            (line,) = lines_until("\r\n")
            assert 80 < len(line) <= 200
            assert line.endswith("tests/live/subject.py " + line.rpartition(" ")[2])
        finally:
            process.kill()
            os.close(terminal)
            os.close(theirs)


def test_lines_for_programs_and_the_end_of_the_service(start: Start, alone: Alone) -> None:
    service = start()
    with watching(service.name, "--json") as process:
        service.request("7", 1)
        assert process.stdout is not None
        row = json.loads(process.stdout.readline())
        assert (row["handle"], row["number"]) == ("7", pykcov.handle_of(7))
        assert [row[name] for name in ("method", "path", "query", "status")] == [None] * 4
        assert 0 < row["seconds"] < 60
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
            f"pykcov: the process that showed {service.name!r} has ended"
        )


@contextmanager
def ring_of() -> Iterator[tuple[ring.Ring, Reader]]:
    made = ring.Ring("ring", lambda: False)
    try:
        reader = Reader(made.fds[0])
        yield made, reader
        reader.close()
    finally:
        made.close()


def test_the_ring_goes_round() -> None:
    """Frames of all lengths, with texts of all lengths, over the end of the ring."""
    with ring_of() as (made, reader):
        words = mmap.mmap(-1, 1 << 20)
        view = memoryview(words).cast("Q")
        for n in range(500):
            view[0] = count = n * 611 % 50000
            view[1 : 1 + count] = memoryview(bytes(8 * count)).cast("Q")
            if count:
                view[1] = view[count] = n
            text = (b"%d" % n * n * 7)[: n * 37 % 4000]
            made.watcher.report(words, n, n + 1, n % 4, text)
            (frame,) = reader.frames()
            assert frame[:5] == (n, n + 1, count, bool(n & 1), bool(n & 2))
            assert len(frame.pcs) == count
            assert not count or frame.pcs[0] == frame.pcs[-1] == n
            assert frame.text == text
        view.release()


def test_what_is_behind_a_text_is_not_of_the_frame_before() -> None:
    with ring_of() as (made, reader):
        ones, none = bytes([8] + 7 * [0]) + b"\xff" * 64, bytes(8)
        while reader._words[0] < ring.SIZE:
            made.watcher.report(ones, 1, 1, 1)
            list(reader.frames())
        at = reader._words[0]
        made.watcher.report(none, 1, 1, 1, b"abc")
        assert reader._slice(at + 4, 1).tobytes() == b"abc" + bytes(5)


@pytest.mark.parametrize(
    ("area", "count"),
    [(b"", 0), (b"\xff" * 7, 0), (b"\xff" * 8, 0), (b"\xff" * 23, 1), (b"\1" + bytes(7), 0)],
)
def test_areas_that_claim_more_than_they_have(area: bytes, count: int) -> None:
    """The memory is copied, so that a sanitizer sees who reads behind it."""
    with ring_of() as (made, reader):
        assert made.watcher.report(bytearray(area), 5, 6, 1, b"text")  # type: ignore[arg-type]
        (frame,) = reader.frames()
        assert (frame.records, list(frame.pcs)) == (count, [2**64 - 1] * count)
        assert frame.text == b"text"


def test_rings_that_are_too_small_and_texts_that_are_too_long() -> None:
    shared = Shared()
    for size in (0, 1, 8, 16, 32, 39, 40, 63):
        assert not shared.report(bytearray(size), bytes(16), 1, 1, 1, b"")
    assert shared.report(bytearray(64), bytes(8), 1, 1, 1, b"")
    with ring_of() as (made, reader):
        for size in (TEXT_MOST, TEXT_MOST + 1):
            assert made.watcher.report(bytes(8), 1, 1, 1, b"x" * size)
        whole, none = reader.frames()
        assert (len(whole.text), none.text) == (TEXT_MOST, b"")


@pytest.mark.once
def test_the_rest_of_a_request_is_not_shown_as_all_of_it(name: str, alone: Alone) -> None:
    """Its first part found no room in the ring."""
    with (
        pykcov.instrument(include=["**/tests/live/subject.py"]),
        closing(pykcov.serve(name)),
        Watch(name) as watch,
    ):
        row = Seen(SymbolStore(Path(watch.info["store"]))).row
        section = sections.start(0)
        assert section is not None
        subject.work(1)
        assert sections.watcher is not None
        watcher = sections.watcher()
        assert watcher is not None
        words = sections._take(1 << 16)
        for lost, records in enumerate([1 << 15, 0]):
            words[:WORD] = records.to_bytes(WORD, "little")
            while watch.lost == lost:
                watcher.report(words, 0, 1, FRAME_LAST)
        section.publish()
        assert watch.lost == 3
        list(watch.finished())
        subject.work(2)
        section.stop()
        (seen,) = watch.finished()
        assert list(seen.pcs) == alone(2)
        assert not row(seen)["complete"]
