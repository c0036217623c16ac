"""Servers in processes of their own, as people start them: pykcov run --device NAME ..."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.service import judging

from pykcov.service import places

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds to start, and to end
_numbers = count()


@dataclass(frozen=True)
class Launched:
    """device: its name."""

    device: str
    port: int


def of_device(*words: str) -> list[str]:
    """The words behind `python` with which pykcov runs a server and shows its device."""
    included = [word for glob in judging.APPS for word in ("--include", glob)]
    return ["-m", "pykcov", "run", "--device", "{device}", *included, *words]


@contextlib.contextmanager
def launched(
    words: Sequence[str], log: Path, ready: str, times: int, *, listens: bool = True
) -> Iterator[Launched]:
    """Run `python *words`, with "{device}" in them replaced, until the block ends.

    It is ready when what it prints names its port, if it listens at one, and has the text `ready`
    that often. SIGTERM ends it; what it started and left, or all of it if the block fails, is
    killed.
    """
    device = f"launched-{os.getpid()}-{next(_numbers)}"
    command = [sys.executable, *(word.format(device=device) for word in words)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Launched(device, _port(process, log, ready, times, listens))
        os.kill(process.pid, signal.SIGTERM)
        assert _has_ended(process), log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it is not reaped yet, so the group is its own
        process.wait()
    assert process.returncode == 0, log.read_text()
    assert not places.socket_of(device).exists()


def _port(
    process: subprocess.Popen[bytes], log: Path, ready: str, times: int, listens: bool
) -> int:
    deadline = time.monotonic() + PATIENCE
    while True:
        text = log.read_text()
        found = re.search(r"http://127\.0\.0\.1:([0-9]+)", text)
        if (found is not None or not listens) and text.count(ready) >= times:
            return int(found[1]) if found is not None else 0
        assert time.monotonic() < deadline, text
        assert not _has_ended(process, 0.02), text


def _has_ended(process: subprocess.Popen[bytes], patience: float = PATIENCE) -> bool:
    """Wait for its end, and leave it to be reaped."""
    deadline = time.monotonic() + patience
    how = os.WEXITED | os.WNOWAIT | os.WNOHANG
    while (ended := os.waitid(os.P_PID, process.pid, how)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return ended is not None
