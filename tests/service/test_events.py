"""Server-sent events: who has an event has the trace of what led to it."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.live.collector import Collector
from tests.service import judging, launched, paths, serving
from tests.service.event_streams import EVENTS

import pykcov
from pykcov.service.event_stream import Events, is_stream

SECRET = "of the streams"
NUMBER = re.compile(rb"event ([0-9])(?:\r\r|\r?\n[\r\n])")


def ends(text: bytes) -> list[int]:
    """How much of a stream a client has read at each blank line, as the standard cuts lines."""
    found, at = [], 0
    for match in re.finditer(rb"([^\r\n]*)(\r\n|\n|\r)", text):
        if not match[1] and at:
            found.append(match.start(2) + 1)  # a CR is an end, whatever follows
        at = match.end()
    return found


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"", b"x\n\n", b"data: 1\r\n\r\n"])))
@example([b"a\r", b"\n"])
@example([b"a\r", b"\n", b"\r", b"\n"])
@example([b"a\n", b"", b"\n"])
def test_wherever_the_stream_is_cut(pieces: list[bytes]) -> None:
    whole = b"a" + b"".join(pieces)  # what is blank before the first line ends no event
    events = Events()
    events.ends_in(b"a")
    positions = [1]
    for piece in pieces:
        positions.append(positions[-1] + len(piece))
    expected = ends(whole)
    for piece, (start, end) in zip(pieces, pairwise(positions), strict=True):
        assert events.ends_in(piece) == any(start < at <= end for at in expected)


def test_what_is_compressed_may_end_an_event_anywhere() -> None:
    assert Events("gzip").ends_in(b"x")
    assert not Events(" Identity ").ends_in(b"x")


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream ; charset=utf-8", True),
        ("text/event-streams", False),
        ("text/plain; x=text/event-stream", False),
        ("", False),
    ],
)
def test_which_responses_have_events(value: str, is_one: bool) -> None:
    assert is_stream(value) == is_one


# -- on real servers ------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def instrumented() -> Iterator[None]:
    with pykcov.instrument(include=judging.APPS):
        yield


def alone(*numbers: int) -> list[int]:
    with pykcov.trace(1 << 12) as t:
        for n in numbers:
            paths.work(n)
    return list(t.pcs)


def judge(port: int, pcs: Callable[[], list[int]], after: list[int]) -> None:
    """Read all events; at each there must be the trace up to it, and at the end `after`, too."""
    request = f"GET /events HTTP/1.1\r\nHost: test\r\nX-Kcov-Handle: {pykcov.signed(7, SECRET)}"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as stream:
        stream.sendall(f"{request}\r\nConnection: close\r\n\r\n".encode())
        read = b""
        for number in range(len(EVENTS)):
            while b"%d" % number not in NUMBER.findall(unchunked(read)):
                more = stream.recv(1 << 16)
                assert more, read
                read += more
            if number < len(EVENTS) - 1:  # after the last one the application does not wait
                assert pcs() == alone(*range(number + 1)), number
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/go") as answer:
                assert answer.read() == b"gone"
        while stream.recv(1 << 16):
            pass
    assert pcs() == alone(*range(len(EVENTS)), *after)


def unchunked(response: bytes) -> bytes:
    """The body that has been read so far."""
    head, _, rest = response.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head.lower():
        return rest
    body = b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return body


@pytest.mark.slow
@pytest.mark.parametrize("server", ["uvicorn, Starlette", "waitress, Flask"])
def test_in_this_process(server: str) -> None:
    from tests.service import event_streams

    serve: Any = serving.uvicorn_of if "uvicorn" in server else serving.waitress_of
    app = event_streams.asgi_app if "uvicorn" in server else event_streams.wsgi_app
    with serve(app) as port, Collector(7) as client:
        judge(port, client.pcs, [9])


@pytest.mark.slow
def test_gunicorn_with_flask(tmp_path: Path) -> None:
    words = launched.of_device(
        *("-m", "gunicorn", "--bind", "127.0.0.1:0", "--worker-class", "gthread"),
        *("--threads", "4", "--no-control-socket", "tests.service.event_streams:wsgi_app"),
    )
    with launched.launched(words, tmp_path / "log", "Booting worker with pid", 1) as service:
        device = pykcov.connect(service.device)
        with device.remote(7) as t:
            judge(service.port, lambda: list(t.pcs), [9])
