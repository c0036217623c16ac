"""KCOV_UNIQUE_ENABLE from outside: one bitmap for all workers of a service, and clients in C."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.service.conftest import ROOT, Service
from tests.service.talking import Talking
from tests.service.test_device import alone  # noqa: F401 - a fixture
from tests.service.test_workers import METHODS, once

import pykcov
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_INIT_TRACE,
    KCOV_RESET_TRACE,
    KCOV_UNIQUE_ENABLE,
    WORD,
)
from pykcov.errors import PykcovError
from pykcov.guest.launch import check_machine
from pykcov.service.client import Device

Start = Callable[..., Service]
Alone = Callable[[int], list[int]]
HERE = Path(__file__).parent
ROOM = 1 << 12  # words, for the trace
RECORDING_MODES = pytest.mark.parametrize("recording_mode", ["trace", "blocks"])


def numbers_of(pcs: list[int]) -> set[int]:
    return {(pc - 0xFFFFFFFF80000000) // 8 - 1 for pc in pcs}


class Unique:
    """A descriptor of the device that collects all threads, with a bit for each of `pcs`.

    more: words of the bitmap, all touched, so that a reset takes a while.
    """

    def __init__(
        self, device: Device, pcs: list[int], recording_mode: str = "trace", more: int = 0
    ) -> None:
        self.bitmap = max(numbers_of(pcs)) // 64 + 1 + more
        size = -(-(self.bitmap + ROOM) // 512) * 512
        self.descriptor = device.open(recording_mode)
        self.descriptor.ioctl(KCOV_INIT_TRACE, size)
        self.words = memoryview(self.descriptor.mmap(size * WORD)).cast("Q")
        for index in range(0, more, 512):
            self.words[index] = 0
        self.descriptor.ioctl(KCOV_UNIQUE_ENABLE, self.bitmap)

    def trace(self) -> list[int]:
        first = self.bitmap + 1
        return self.words[first : first + self.words[self.bitmap]].tolist()

    def numbers(self) -> set[int]:
        words = enumerate(self.words[: self.bitmap].tolist())
        return {64 * n + bit for n, word in words if word for bit in range(64) if word >> bit & 1}

    def reset(self) -> None:
        self.descriptor.ioctl(KCOV_RESET_TRACE)
        assert (self.trace(), self.numbers()) == ([], set())


def all_of(alone: Alone) -> list[int]:  # noqa: F811
    return [pc for n in range(64) for pc in alone(n)]


@pytest.mark.parametrize(
    ("method", "recording_mode"), [*((m, "trace") for m in METHODS), ("fork", "blocks")]
)
def test_workers_share_the_bitmap(
    start: Start,
    alone: Alone,  # noqa: F811
    method: str,
    recording_mode: str,
) -> None:
    service = start(3, method)
    unique = Unique(pykcov.connect(service.name), all_of(alone), recording_mode)
    with unique.descriptor as descriptor:
        unique.reset()
        for n in range(6):
            service.request(8, n)
            assert unique.trace() == once(alone(n))
            assert unique.numbers() == numbers_of(alone(n))
            unique.reset()
        assert service.ask("+") == "started"
        unique.reset()
        executed: list[int] = []
        for n in range(12):  # each by another worker, and what one has recorded is recorded
            service.request(8, n)
            executed += alone(n)
            assert unique.trace() == once(executed)
        descriptor.ioctl(KCOV_DISABLE)
        before = unique.words.tolist()
        service.request(8, 63)
        assert unique.words.tolist() == before


@RECORDING_MODES
def test_a_service_that_gets_its_first_worker(
    start: Start,
    alone: Alone,  # noqa: F811
    recording_mode: str,
) -> None:
    service = start()
    unique = Unique(pykcov.connect(service.name), all_of(alone), recording_mode)
    with unique.descriptor as descriptor:
        service.request(8, 3)
        assert unique.trace() == once(alone(3))
        assert service.ask("+") == "started"
        service.request(8, 3)
        service.request(8, 40)
        assert unique.trace() == once(alone(3) + alone(40))
        unique.reset()
        service.request(8, 40)
        assert unique.trace() == once(alone(40))
        descriptor.ioctl(KCOV_DISABLE)


def test_another_enable_has_another_bitmap(start: Start, alone: Alone) -> None:  # noqa: F811
    """Workers hear of it: the bitmap's size is a part of what is in force."""
    service = start(2)
    unique = Unique(pykcov.connect(service.name), all_of(alone))
    with unique.descriptor as descriptor:
        for more in (3, 0, 7):
            for n in (1, 2):
                unique.reset()
                service.request(8, n)
                assert unique.trace() == once(alone(n))
            descriptor.ioctl(KCOV_DISABLE)
            unique.bitmap += more
            descriptor.ioctl(KCOV_UNIQUE_ENABLE, unique.bitmap)


@RECORDING_MODES
def test_workers_at_once_and_resets_meanwhile(
    start: Start,
    alone: Alone,  # noqa: F811
    recording_mode: str,
) -> None:
    """At whatever moment it is reset: a block has a record if, and only if, it has its bit."""
    service = start(4)
    unique = Unique(pykcov.connect(service.name), all_of(alone), recording_mode, 1 << 19)
    with unique.descriptor as descriptor:
        for round_ in range(40):
            for i in range(64):
                service.begin(8, i)
            if round_ > 0:
                descriptor.ioctl(KCOV_RESET_TRACE)
            for _ in range(64):
                service.line()
            found = unique.trace()
            assert len(found) == len(set(found))
            assert numbers_of(found) == unique.numbers()
            assert set(found) <= set(all_of(alone))
            assert round_ > 0 or set(found) == set(all_of(alone))


def test_a_worker_that_is_killed_in_the_middle(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start(4)
    unique = Unique(pykcov.connect(service.name), all_of(alone))
    with unique.descriptor:
        victim = int(service.ask("pid"))
        for i in range(400):
            service.begin(8, i % 8)
        os.kill(victim, signal.SIGKILL)
        for _ in range(100):
            assert service.line() == "whole"
        found = set(unique.trace())
        assert unique.numbers() <= numbers_of(list(found))
        assert found <= {pc for n in range(8) for pc in alone(n)}


def test_sections_are_nobody_elses(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start(1)
    device = pykcov.connect(service.name)
    unique = Unique(device, all_of(alone))
    with unique.descriptor:
        with device.remote(7) as t:
            service.request(7, 5)
            service.request(7, 5)
        assert list(t.pcs) == alone(5) * 2
        assert unique.trace() == []


# -- a client in C ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """unique_client.c, as it speaks over the socket, or to Linux."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    folder = tmp_path_factory.mktemp("client")

    def made(over_the_socket: bool) -> Path:
        program = folder / ("socket" if over_the_socket else "linux")
        flags = ["-DSOCKET", f"-I{ROOT / 'clients' / 'c'}"] if over_the_socket else []
        source = HERE / "unique_client.c"
        subprocess.run([compiler, "-Wall", "-Werror", *flags, "-o", program, source], check=True)
        return program

    return made


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("way", ["socket", "guest"])
def test_a_client_in_c(
    start: Start,
    alone: Alone,  # noqa: F811
    client: Callable[[bool], Path],
    way: str,
    workers: int,
) -> None:
    if way == "guest":
        try:
            check_machine()
        except PykcovError as error:
            pytest.skip(str(error))
    service = start(workers)
    bitmap = max(numbers_of(all_of(alone))) // 64 + 1
    words = -(-(bitmap + ROOM) // 512) * 512
    runner = [sys.executable, "-m", "pykcov", "guest", "--device", service.name, "--"]
    command = [*(runner if way == "guest" else []), str(client(way == "socket"))]
    with Talking(*command, service.name, str(bitmap), str(words)) as talking:
        assert talking.line() == "ready"
        for n in [*range(8), 8, 8]:
            for _ in range(2):
                service.request(8, n)
            pcs, _, bits = talking.ask().partition(";")
            assert [int(pc, 16) for pc in pcs.split()] == once(alone(n))
            assert {int(bit) for bit in bits.split()} == numbers_of(alone(n))
        assert talking.end() == 0
