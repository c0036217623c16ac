"""Workers that a process forks when it shows its device: what they keep of it, and what not."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.service.conftest import Service
from tests.service.talking import Talking
from tests.service.test_device import hello, raw

import pykcov
from pykcov.service import addresses
from pykcov.service.protocol import LARGEST, Kind, decode_reply

Start = Callable[..., Service]


def test_a_worker_lets_go_of_what_clients_left(start: Start) -> None:
    service = start(1)
    device = pykcov.connect(service.name)

    def kept() -> tuple[int, int]:
        pid = service.process.pid
        (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        maps = Path(f"/proc/{worker}/maps").read_text()
        return len(list(Path(f"/proc/{worker}/fd").iterdir())), maps.count("memfd:")

    files, maps = kept()
    for n in range(300):
        with device.remote(7) as t:
            service.request(7, n % 64)
        assert t.complete
    # It need not let go of each at once.
    assert kept()[0] < files + 150
    assert kept()[1] < maps + 300


LATER = """
import os, sys, warnings
import pykcov
from tests.live import subject
warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks
with pykcov.instrument(include=["**/tests/live/subject.py"]):
    pykcov.serve(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    if os.fork() == 0:
        print("forked", flush=True)
        sys.stdin.read()
        os._exit(0)
    os.wait()
"""


@pytest.fixture
def later() -> Iterator[tuple[str, Talking]]:
    """A device, and the process that shows it: it forks a worker when it is told to."""
    name = f"later-{os.getpid()}"
    with Talking(sys.executable, "-c", LATER, name) as talking:
        assert talking.line() == "ready"
        yield name, talking


def test_a_worker_keeps_no_connection_open(later: tuple[str, Talking]) -> None:
    """A worker that is forked, or replaced, while clients are connected."""
    name, talking = later
    with raw(name) as peer:
        peer.send(hello(Kind.CLIENT))
        peer.recv(LARGEST)
        assert talking.ask() == "forked"
        peer.send(b"no request")
        assert decode_reply(peer.recv(LARGEST))[0] != 0
        peer.settimeout(1)
        with contextlib.suppress(ConnectionResetError):
            assert peer.recv(LARGEST) == b""


def test_a_worker_does_not_stand_for_the_device(later: tuple[str, Talking]) -> None:
    """The process that shows a device dies, and its worker lives: clients are told, and another
    process can show it."""
    name, talking = later
    with raw(name) as peer:
        peer.send(hello(Kind.CLIENT))
        peer.recv(LARGEST)
        assert talking.ask() == "forked"
        talking.process.kill()
        talking.process.wait()
        peer.settimeout(1)
        assert peer.recv(LARGEST) == b""
        pykcov.serve(name).close()


SUCCEEDED = """
import os, sys, warnings
import pykcov
from tests.live import subject
warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks
with pykcov.instrument(include=["**/tests/live/subject.py"]):
    server = pykcov.serve(sys.argv[1])
    if os.fork() == 0:
        with pykcov.remote(7):  # it is part of the device
            pass
        print("forked", flush=True)
        sys.stdin.readline()
        for _ in range(200):
            with pykcov.remote(7):
                subject.work(1)
        print("served", flush=True)
        os._exit(0)
    server.close()
    os.wait()
"""


def test_a_worker_asks_one_that_does_not_answer_now_and_then() -> None:
    """A process that took the name over, and is no device, is not asked at each request."""
    name = f"hangs-{os.getpid()}"
    accepted = 0
    with Talking(sys.executable, "-c", SUCCEEDED, name) as talking:
        assert talking.line() == "forked"
        while (path := addresses.socket_of(name)).exists():
            os.sched_yield()
        with addresses.bind(path) as listener:
            talking.send()
            listener.setblocking(True)
            listener.settimeout(5)
            with contextlib.suppress(TimeoutError):
                while True:
                    peer, _ = listener.accept()
                    peer.close()  # instead of an answer
                    accepted += 1
                    listener.settimeout(0.5)
        assert talking.line() == "served"
        path.unlink()
    assert 1 <= accepted < 100, "not at each of the 200 requests"
