"""Clients and workers in containers: in PID and user namespaces of their own.

A socket says of a peer in another PID namespace that its pid is 0, and its own getpid() is no
number that means anything elsewhere.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.service import namespaces
from tests.service.conftest import Service
from tests.service.talking import Talking
from tests.service.test_device import alone  # noqa: F401 - a fixture

import pykcov
from pykcov.abi.kcov import KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE, KCOV_TRACE_PC
from pykcov.device.remote_arg import RemoteArg
from pykcov.service.socket_descriptor import SocketDescriptor

Start = Callable[..., Service]
Alone = Callable[[int], list[int]]
PID = ("--pid", "--fork", "--kill-child")

CLIENT = """
import sys
import pykcov
with pykcov.connect(sys.argv[1]).remote(int(sys.argv[2])) as t:
    print("collecting", flush=True)
    sys.stdin.readline()
print(*t.pcs, t.complete, flush=True)
"""
ALL_THREADS = """
import sys
import pykcov
from pykcov.abi.kcov import KCOV_ENABLE, KCOV_INIT_TRACE
descriptor = pykcov.connect(sys.argv[1]).open()
descriptor.ioctl(KCOV_INIT_TRACE, 512)
area = descriptor.mmap(4096)
try:
    descriptor.ioctl(KCOV_ENABLE)
except OSError as error:
    print(error.errno, flush=True)
else:
    print("collecting", flush=True)
    sys.stdin.readline()
    print(int.from_bytes(area[:8], "little"), flush=True)
"""
WORKER = """
import sys, time
from tests.live import subject
from tests.service.shown import answer
import pykcov
print("ready", flush=True)
for line in sys.stdin:
    if line.startswith("hang "):
        with pykcov.remote(int(line[5:])):
            subject.work(1)
            print("hangs", flush=True)
            time.sleep(60)
    print(answer(line.strip()), flush=True)
"""


class Inside(Talking):
    """A Python that runs `text`, behind the words of `before`."""

    def __init__(self, text: str, *words: str, before: list[str], **environ: str) -> None:
        super().__init__(*before, sys.executable, "-c", text, *words, env=environ)


def contained(workers: int = 0) -> Service:
    """tests/service/shown.py, in a PID namespace."""
    return Service(workers, "fork", before=namespaces.unshare(*PID))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


# -- clients --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends_first", [0, 1])
def test_two_clients(stack: ExitStack, alone: Alone, ends_first: int) -> None:  # noqa: F811
    """Of a service in a container. They are in others, and have the same numbers for all."""
    before = namespaces.unshare(*PID)
    service = stack.enter_context(contained())
    with (
        Inside(CLIENT, service.name, "7", before=before) as one,
        Inside(CLIENT, service.name, "8", before=before) as other,
    ):
        assert [one.line(), other.line()] == ["collecting"] * 2
        service.request(7, 1)
        service.request(8, 2)
        clients = [(one, 1), (other, 2)]
        ends, stays = clients[ends_first], clients[1 - ends_first]
        assert ends[0].ask("end") == " ".join(map(str, [*alone(ends[1]), True]))
        handle = 7 if stays[0] is one else 8
        service.request(handle, 3)
        expected = [*alone(stays[1]), *alone(3), True]
        assert stays[0].ask("end") == " ".join(map(str, expected))


def test_two_clients_of_a_service_outside(start: Start, alone: Alone) -> None:  # noqa: F811
    before = namespaces.unshare(*PID)
    service = start(1)
    with (
        Inside(CLIENT, service.name, "7", before=before) as one,
        Inside(CLIENT, service.name, "8", before=before) as other,
    ):
        assert [one.line(), other.line()] == ["collecting"] * 2
        for client, handle in ((one, 7), (other, 8)):
            assert service.request(handle, 1) == "whole"
            assert client.ask("end") == " ".join(map(str, [*alone(1), True]))


def test_a_client_outside(alone: Alone) -> None:  # noqa: F811
    with contained(1) as service, pykcov.connect(service.name).remote(7) as t:
        for n in range(3):
            assert service.request(7, n) == "whole"
            assert (list(t.pcs), t.complete) == (alone(n), True)
            t.clear()


def test_all_threads_are_one_clients(stack: ExitStack) -> None:
    before = namespaces.unshare(*PID)
    service = stack.enter_context(contained())
    with Inside(ALL_THREADS, service.name, before=before) as one:
        assert one.line() == "collecting"
        with Inside(ALL_THREADS, service.name, before=before) as other:
            assert other.line() == "16"  # EBUSY
        service.request(8, 1)
        assert int(one.ask("end")) > 10


@pytest.mark.parametrize("options", [["--user"], ["--user", "--map-root-user"], ["--user", *PID]])
def test_a_client_in_a_user_namespace(options: list[str], start: Start) -> None:
    """It is the same user, whatever it is called inside."""
    before = namespaces.unshare(*options)
    service = start()
    with Inside(CLIENT, service.name, "7", before=before) as client:
        assert client.line() == "collecting"
        service.request(7, 1)
        assert client.ask("end").endswith(" True")


# -- workers --------------------------------------------------------------------------------------


@pytest.fixture
def worker(start: Start) -> Iterator[tuple[Service, Inside]]:
    """A service, and a worker of it in a PID namespace."""
    before = namespaces.unshare(*PID)
    service = start()
    with Inside(WORKER, before=before, PYKCOV_JOIN=service.name) as made:
        assert made.line() == "ready"
        yield service, made


def test_sections_of_a_worker(worker: tuple[Service, Inside], alone: Alone) -> None:  # noqa: F811
    service, inside = worker
    with pykcov.connect(service.name).remote(7) as t:
        for n in range(3):
            assert inside.ask(f"7 {n}") == "whole"
            assert (list(t.pcs), t.complete) == (alone(n), True)
            t.clear()
            assert service.request(7, n) == "whole"
            assert (list(t.pcs), t.complete) == (alone(n), True)
            t.clear()


def test_a_section_of_a_worker_is_awaited_while_it_lives(
    worker: tuple[Service, Inside],
) -> None:
    service, inside = worker
    with pykcov.connect(service.name).open() as descriptor:
        collect(descriptor, 7)
        assert inside.ask("hang 7") == "hangs"
        for _ in range(20):
            assert descriptor.unsettled() == 1
            time.sleep(0.01)
        os.kill(namespaces.only_child(inside.process.pid), signal.SIGKILL)
        inside.process.wait(20)
        deadline = time.monotonic() + 20
        while descriptor.unsettled():
            assert time.monotonic() < deadline, "a killed worker's section is awaited"
            time.sleep(0.01)


def collect(descriptor: SocketDescriptor, handle: int) -> None:
    descriptor.ioctl(KCOV_INIT_TRACE, 512)
    arg = RemoteArg(KCOV_TRACE_PC, 512, 0, (pykcov.handle_of(handle),))
    descriptor.ioctl(KCOV_REMOTE_ENABLE, arg.encode())
