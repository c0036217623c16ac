"""Services run in processes of their own; this one is their client."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest
from tests.live import subject
from tests.service.talking import Service, Told

import pykcov

_numbers = count()


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    """Start services, with a number of workers; they end with the test."""
    with ExitStack() as stack:

        def start(workers: int = 0, method: str = "fork", *options: str) -> Service:
            return stack.enter_context(Service(workers, method, *options))

        yield start


@pytest.fixture(scope="module")
def alone() -> Callable[[int], list[int]]:
    """The trace of a request, from this process: PCs are the same in all."""

    def traced(n: int) -> list[int]:
        with pykcov.trace(1 << 12) as t:
            subject.work(n)
        return list(t.pcs)

    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        known = {n: traced(n) for n in range(64)}
    return known.__getitem__


@pytest.fixture
def name() -> str:
    """A name that no other device has."""
    return f"device-{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def shown(name: str) -> Iterator[Told]:
    """A process that shows the device `name`, and does what it is told to."""
    with Told() as told:
        told.do(f"import pykcov; server = pykcov.serve({name!r})")
        yield told


@pytest.fixture
def worker(shown: Told) -> Told:
    """The same, but its forked worker does what it is told to."""
    shown.send("fork()")
    shown.answer()
    return shown
