"""Peers that flood a device with what is none of its business: who behaves does not notice."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.service.conftest import Service
from tests.service.test_device import hello, raw, settled

import pykcov
from pykcov.abi.kcov import KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE, KCOV_REMOTE_MAX_HANDLES
from pykcov.device.remote_arg import RemoteArg
from pykcov.service.connection import Link
from pykcov.service.handle_table import MOST
from pykcov.service.protocol import LARGEST, Kind, decode_reply
from pykcov.service.socket_descriptor import SocketDescriptor

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]
TOTAL = 10_000 if os.environ.get("PYKCOV_SOAK") else 2000
FLOODERS = 4
SLOWEST = 5.0  # seconds for a request of who behaves; a device that hangs takes longer than any
Start = Callable[..., Service]


def limit(service: Service, files: int) -> None:
    """Let a service open so many files, or as many as may be."""
    _, most = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
    files = files if most == resource.RLIM_INFINITY else min(files, most)
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (files, most))


class Honest:
    """In `with`: a client that behaves. Raises AssertionError for a trace that is not as alone."""

    def __init__(self, service: Service) -> None:
        self.service, self.device = service, pykcov.connect(service.name)
        self.lasting = self.device.remote(7)
        self.known: dict[int, list[int]] = {}
        self.refused = self.done = 0
        self.slowest = 0.0

    def __enter__(self) -> Honest:
        self.lasting.__enter__()
        for n in range(16):
            self.known[n] = self.request(n)
        assert len({tuple(trace) for trace in self.known.values()}) > 8
        return self

    def __exit__(self, *error: object) -> None:
        self.lasting.__exit__(None, None, None)

    def request(self, n: int) -> list[int]:
        self.lasting.clear()
        assert self.service.request(7, n) == "whole"
        return list(self.lasting.pcs)

    def new(self, n: int) -> list[int]:
        """The trace of a request by a client that comes now; it comes again when it is refused."""
        while True:
            try:
                device = pykcov.connect(self.service.name)
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ECONNRESET):
                    raise
                self.refused += 1  # there are too many connections
                continue
            with device, device.remote(8) as t:
                assert self.service.request(8, n) == "whole"
            assert t.complete
            return list(t.pcs)

    def go_on_while(self, busy: Callable[[], bool]) -> None:
        while busy() or not self.done:
            n = self.done % len(self.known)
            for traced in (self.request, self.new):
                since = time.monotonic()
                assert traced(n) == self.known[n]
                self.slowest = max(self.slowest, time.monotonic() - since)
            self.done += 1
        assert self.slowest < SLOWEST


def flood(service: Service, what: str, honest: Honest) -> list[list[int]]:
    """Let flooders do their work while a client goes on with its own; returns what they printed."""
    command = [sys.executable, "-m", "tests.service.flooder", what, service.name]
    with contextlib.ExitStack() as stack:
        flooders = []
        for seed in range(FLOODERS):
            process = subprocess.Popen(
                [*command, str(TOTAL // FLOODERS), str(seed)], cwd=ROOT, stdout=subprocess.PIPE
            )
            flooders.append(stack.enter_context(process))
            stack.callback(process.kill)
        honest.go_on_while(lambda: any(process.poll() is None for process in flooders))
        assert [process.returncode for process in flooders] == [0] * FLOODERS
        return [[int(word) for word in process.communicate()[0].split()] for process in flooders]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["half", "packets"])
def test_flood(
    start: Start, what: str, note: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    service = start()
    limit(service, 4096)
    with Honest(service) as honest:
        honest.new(0)  # what is made once is there
        with pykcov.connect(service.name).open():
            before = settled_but(service, 2)
        counts = [sum(column) for column in zip(*flood(service, what, honest), strict=True)]
        with pykcov.connect(service.name).open():
            assert settled_but(service, 2) == before
        assert honest.new(5) == honest.known[5]
    assert counts[0] >= TOTAL
    if what == "packets":
        assert counts[1] > TOTAL // 10  # not all of them are refused at the door
    assert capfd.readouterr().err == ""  # nothing of pykcov's own went wrong
    note(
        f"flood, {what}: {counts}; meanwhile {honest.done} requests of each kind, {honest.refused} "
        f"times refused, the slowest {honest.slowest:.2f} s; files {before}"
    )


def settled_but(service: Service, descriptors: int) -> int:
    """Number of files of the service when there are that many descriptors, and no others."""
    deadline = time.monotonic() + 10
    while pykcov.connect(service.name).info["descriptors"] != descriptors:
        assert time.monotonic() < deadline
    while True:
        seen = service.descriptors()
        time.sleep(0.1)  # connections that only looked close a moment later
        if service.descriptors() == seen:
            return seen


def test_more_descriptors_than_files(start: Start) -> None:
    """What can't be opened for want of files leaves none open."""
    service = start()
    pykcov.connect(service.name).open().close()
    before = settled(service)
    errors = set()
    limit(service, before + 14)  # four have three each; the last one's second is one too many
    for _ in range(4):
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                peer = stack.enter_context(raw(service.name))
                peer.send(hello(Kind.CLIENT))
                errors.add(decode_reply(peer.recv(LARGEST))[0])
        assert settled(service) >= before
    limit(service, 1024)
    assert errors == {0, errno.EMFILE}
    assert settled(service) == before


def test_who_has_said_hello_is_not_silent(start: Start) -> None:
    """Room is made at the cost of those who say nothing; a HELLO that waits to be read counts."""
    service = start()
    limit(service, settled(service) + 30)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(raw(service.name))
        pykcov.connect(service.name)  # they are let in
        service.process.send_signal(signal.SIGSTOP)
        try:
            peer = stack.enter_context(raw(service.name))
            peer.send(hello(Kind.LOOK))
            for _ in range(20):
                stack.enter_context(raw(service.name))
        finally:
            service.process.send_signal(signal.SIGCONT)
        assert peer.recv(LARGEST) != b""


@pytest.fixture
def crowd(start: Start) -> Iterator[tuple[Service, list[SocketDescriptor]]]:
    """A service with a worker, and clients with more handles than its table has room for."""
    service = start(1)
    with contextlib.ExitStack() as stack:
        clients = []
        for i in range(MOST // KCOV_REMOTE_MAX_HANDLES + 3):
            link = Link(service.name, Kind.CLIENT)
            client = stack.enter_context(SocketDescriptor(link, task=1000 + i))
            first = 1 + i * KCOV_REMOTE_MAX_HANDLES
            handles = map(pykcov.handle_of, range(first, first + KCOV_REMOTE_MAX_HANDLES))
            client.ioctl(KCOV_INIT_TRACE, 512)
            with contextlib.suppress(OSError):  # one might say so
                client.ioctl(KCOV_REMOTE_ENABLE, RemoteArg(0, 512, 0, tuple(handles)).encode())
            clients.append(client)
        yield service, clients


def test_more_handles_than_there_is_room_for(
    crowd: tuple[Service, list[SocketDescriptor]],
) -> None:
    service, clients = crowd
    for client in clients[-2:]:
        client.close()
        assert pykcov.connect(service.name).info["descriptors"] < len(clients)
        since = time.monotonic()
        assert service.request(1, 5) == "whole"
        assert time.monotonic() - since < 0.5
    with clients[0].mmap(512 * 8) as area:
        assert area[:8] != bytes(8)
