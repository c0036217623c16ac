"""Many requests at once, of several kinds: is each trace that of the same request sent alone?"""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tests.live.collector import Collector
from tests.service import judging
from tests.service.raw import Client, Kind

import pykcov
from pykcov.service.client import Device
from pykcov.service.remote_trace import RemoteTrace

APPS = [
    "**/tests/service/paths.py",
    "**/tests/service/*_app.py",
    "**/tests/marks/*_app.py",
]
IN_FLIGHT = 64
SIZE = 1 << 14  # words
TOTAL = 5120 if os.environ.get("PYKCOV_SOAK") else 1024


class Collecting(Protocol):
    """Collects the sections of one handle. count: the records there are; store 0 to begin anew."""

    count: int

    def pcs(self) -> list[int]: ...

    def take(self) -> list[int]: ...


class SocketCollector:
    """What a Collector is, from another process's device: in `with`, a descriptor of it. Reading
    and resetting is no message."""

    def __init__(self, device: Device, handle: str, size: int) -> None:
        self._trace: RemoteTrace = device.remote(handle, size)

    @property
    def count(self) -> int:
        return len(self._trace.pcs)

    @count.setter
    def count(self, value: int) -> None:
        assert value == 0
        self._trace.clear()

    def pcs(self) -> list[int]:
        return list(self._trace.pcs)

    def take(self) -> list[int]:
        found = self.pcs()
        self._trace.clear()
        return found

    def __enter__(self) -> Self:
        self._trace.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._trace.__exit__(kind, error, traceback)
        found = self._trace.sections
        assert kind is not None or (found.overflowed, found.lost) == (0, 0), found


def collectors() -> list[Collector]:
    """One for each request in flight, not enabled yet."""
    return [Collector(f"slot {i}", size=SIZE, area_size=SIZE) for i in range(IN_FLIGHT)]


def socket_collectors(device: Device) -> list[SocketCollector]:
    """The same, for a service that shows this device."""
    return [SocketCollector(device, f"slot {i}", SIZE) for i in range(IN_FLIGHT)]


async def settled(collector: Collecting, expected: int) -> list[int]:
    """What has been published once there are `expected` records: also what follows a response."""
    deadline = time.monotonic() + 5
    while collector.count < expected and time.monotonic() < deadline:
        await asyncio.sleep(0.001)
    return collector.pcs()


async def alone(client: Client, kind: Kind, collector: Collecting, handle: str) -> list[int]:
    collector.count = 0
    answer = await client.fetch(kind, handle)
    assert answer.status == kind.status, (kind, answer)
    await asyncio.sleep(0.03)
    return collector.take()


async def judge(port: int, kinds: Sequence[Kind], clients: Sequence[Collecting]) -> tuple[int, int]:
    """Return how many traces there were, all as they must be, and how many processes answered.

    Raises AssertionError.
    """
    async with Client(port) as first:
        for _ in range(2):  # what happens once happens now
            for kind in kinds:
                await alone(first, kind, clients[0], "slot 0")
        expected = {kind: await alone(first, kind, clients[0], "slot 0") for kind in kinds}
    assert len({tuple(trace) for trace in expected.values()}) == len(kinds) >= 12

    wrong: list[str] = []
    done = 0
    processes = set()

    async def slot(number: int) -> None:
        nonlocal done
        collector = clients[number]
        async with Client(port) as client:
            for i in range(TOTAL // IN_FLIGHT):
                kind = kinds[(number * 7 + i) % len(kinds)]
                collector.count = 0
                answer = await client.fetch(kind, f"slot {number}")
                processes.add(answer.headers.get("x-process"))
                found = await settled(collector, len(expected[kind]))
                if answer.status != kind.status or found != expected[kind]:
                    text = f"{len(found)} records of {len(expected[kind])}"
                    wrong.append(f"{kind}: {answer.status}, {text}")
                done += 1
        await asyncio.sleep(0.2)
        if collector.count != len(found):
            wrong.append(f"{kind}: more came later")

    await asyncio.gather(*map(slot, range(IN_FLIGHT)))
    assert not wrong, wrong[:10]
    return done, len(processes)


def kinds_of(app: str) -> list[Kind]:
    """The kinds of an application, which is imported as other tests need it."""
    with pykcov.instrument(include=judging.APPS):
        kinds: list[Kind] = importlib.import_module(f"tests.service.{app}").KINDS
    return kinds


REQUESTS = 2000 if os.environ.get("PYKCOV_SOAK") else 400


def late(port: int, kind: Kind, least: int = 0) -> int:
    """How often was a response there before its trace, or before `least` records of it?"""
    with Collector(7) as client:
        number = client.descriptor.fileno()
        request = kind.bytes(7).hex()
        arguments = map(str, (port, number, len(client.area), REQUESTS, least, request))
        command = [sys.executable, str(Path(__file__).with_name("last_byte.py")), *arguments]
        done = subprocess.run(command, pass_fds=[number], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        expected, found = map(int, done.stdout.split())
        assert expected > 10
        return found
