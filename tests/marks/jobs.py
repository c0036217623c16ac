"""Jobs in flight: is each trace that of the same job alone, and there when the result is?"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.marks import jobs_app
from tests.service.judging import SocketCollector

import pykcov

IN_FLIGHT, SIZE = 16, 1 << 12

# Sends a job with a handle, or None, and returns when its result is there.
Do = Callable[[str, int, int | str | None], None]


def judge(device: str, do: Do, each: int = 12) -> int:
    """Return how many jobs there were, all traced as alone. Raises AssertionError."""
    with contextlib.ExitStack() as stack:
        shown = pykcov.connect(device)
        clients = [
            stack.enter_context(SocketCollector(shown, f"slot {i}", SIZE)) for i in range(IN_FLIGHT)
        ]

        def traced(kind: tuple[str, int], number: int) -> list[int]:
            do(*kind, f"slot {number}")
            return clients[number].take()

        for _ in range(2):  # what happens once happens now
            alone = {kind: traced(kind, 0) for kind in jobs_app.KINDS}
        assert len({tuple(trace) for trace in alone.values()}) == len(jobs_app.KINDS)
        for handle in (None, "nobody's", "0x"):
            do("line", 1, handle)
            assert clients[0].take() == []

        def slot(number: int) -> int:
            for i in range(each):
                kind = jobs_app.KINDS[(number * 5 + i) % len(jobs_app.KINDS)]
                found = traced(kind, number)
                assert found == alone[kind], (kind, len(found), len(alone[kind]))
            time.sleep(0.1)
            assert clients[number].take() == []
            return each

        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            return sum(pool.map(slot, range(IN_FLIGHT)))


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[Path]:
    """A real one, which listens at the path that this yields. Skips where there is none."""
    command = shutil.which("redis-server")
    if command is None:
        pytest.skip("no redis-server")
    path = folder / "redis"
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    with subprocess.Popen([command, *options], stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while not path.exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield path
        finally:
            process.terminate()
