"""Servers in processes of their own, as people start them: pykcov run --device NAME ..."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType

from tests.service import judging

from pykcov.service import addresses

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds to start, and to end
_numbers = count()


@dataclass(frozen=True)
class Launched:
    """device: its name. pid: of the process that was started."""

    device: str
    port: int
    pid: int


def of_device(*words: str, include: Sequence[str] = ()) -> list[str]:
    """The words behind `python` with which pykcov runs a server and shows its device. include:
    globs, beside those of the applications."""
    included = [word for glob in (*judging.APPS, *include) for word in ("--include", glob)]
    return ["-m", "pykcov", "run", "--device", "{device}", *included, *words]


@contextlib.contextmanager
def launched(
    words: Sequence[str],
    log: Path,
    ready: str,
    times: int,
    environ: Mapping[str, str] = MappingProxyType({}),
    *,
    status: int = 0,
    listens: bool = True,
) -> Iterator[Launched]:
    """Run `python *words`, with "{device}" in them replaced, there and in `environ`, until the
    block ends.

    It is ready when what it prints names its port, if it listens at one, and has the text `ready`
    that often. SIGTERM ends it, with `status`; what it started and left, or all of it if the block
    fails, is killed.
    """
    device = f"launched-{os.getpid()}-{next(_numbers)}"
    added = {name: value.format(device=device) for name, value in environ.items()}
    formatted = [word.format(device=device) for word in words]
    with started(formatted, log, ROOT, added) as process:
        yield Launched(device, port_of(process, log, ready, times, listens), process.pid)
        os.kill(process.pid, signal.SIGTERM)
        assert _has_ended(process), log.read_text()
    assert process.returncode == status, log.read_text()
    assert not addresses.socket_of(device).exists()


@contextlib.contextmanager
def started(
    words: Sequence[str],
    log: Path,
    folder: Path,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python *words` in a folder, until the block ends: what is left of it then is killed."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it is not reaped yet, so the group is its own
        process.wait()


def port_of(
    process: subprocess.Popen[bytes], log: Path, ready: str, times: int, listens: bool = True
) -> int:
    """Wait until a server is ready, as launched() does; returns its port, of several the last."""
    deadline = time.monotonic() + PATIENCE
    while True:
        text = log.read_text()
        found = re.findall(r"(?:http://|TCP address )127\.0\.0\.1:([0-9]+)", text)
        if (found or not listens) and text.count(ready) >= times:
            return int(found[-1]) if found else 0
        assert time.monotonic() < deadline, text
        assert not _has_ended(process, 0.02), text


def _has_ended(process: subprocess.Popen[bytes], patience: float = PATIENCE) -> bool:
    """Wait for its end, and leave it to be reaped."""
    deadline = time.monotonic() + patience
    how = os.WEXITED | os.WNOWAIT | os.WNOHANG
    while (ended := os.waitid(os.P_PID, process.pid, how)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return ended is not None
