"""Workers and clients are killed at random, under load: traces stay whole, and nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from tests.service import killed_program
from tests.service.killed_program import THREADS, WORKERS

import pykcov

pytestmark = [pytest.mark.slow, pytest.mark.once]
ROOT = Path(__file__).parents[2]
SECONDS = 60.0 if os.environ.get("PYKCOV_SOAK") else 4.0
CLIENTS = 4
# What malloc may keep of peaks, arenas of threads included. A page kept for each descriptor would
# be more: the long form opens some thousands.
NOISE = 4 << 20
# Descriptors that a worker may not yet have seen the end of: before CPython 3.13 each mapping of
# one holds a file open.
KEPT = 150


def parent(pid: int) -> int | None:
    """Who started a process that runs, or None."""
    try:
        state, starter = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "XZ" else int(starter)


def children(pid: int) -> list[int]:
    """The processes that a process has started, the eldest first."""
    pids = sorted(int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [child for child in pids if parent(child) == pid]


def kill(pid: int, starter: int) -> bool:
    """Kill a process that `starter` has started, and no other one that has its number by now."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        mine = parent(pid) == starter
        if mine:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        return mine
    finally:
        os.close(fd)


@dataclass(frozen=True)
class Usage:
    """What a process has."""

    files: Counter[str]
    memory: int  # bytes
    threads: int

    @staticmethod
    def of(pid: int) -> Usage:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        memory = sum(int(fields[name].split()[0]) << 10 for name in ("RssAnon", "RssShmem"))
        files: Counter[str] = Counter()
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                name = str(path.readlink())
                files[re.sub("[0-9]+|-[a-z0-9_]{8} ", "", name)] += 1
        return Usage(files, memory, int(fields["Threads"]))


class Service:
    """killed_program.py service, running."""

    def __init__(self) -> None:
        self.name = f"killed-{os.getpid()}"
        command = [sys.executable, "-m", "tests.service.killed_program", "service", self.name]
        self.master = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.master.stdout is not None
        self.port = int(self.master.stdout.readline())
        self.spared = min(self.workers())

    def workers(self) -> list[int]:
        """Their numbers, when all are there."""
        return within(10, lambda: (w := children(self.master.pid))[len(w) - WORKERS :], WORKERS)

    def usage(self) -> tuple[Usage, Usage]:
        """The master's, and that of the worker that is not killed, when they are at rest."""
        self.workers()
        within(10, lambda: [0] * (pykcov.connect(self.name).info["descriptors"] == 0), 1)
        seen, last = None, self.look()
        while seen != last:  # connections are closed a moment later
            time.sleep(0.3)
            seen, last = last, self.look()
        return last

    def look(self) -> tuple[Usage, Usage]:
        master, worker = Usage.of(self.master.pid), Usage.of(self.spared)
        # A worker connects when it first meets a handle: as many as have done that, and no more.
        members = pykcov.connect(self.name).info["members"]
        assert members <= WORKERS
        master.files["socket:[]"] -= members
        return master, worker

    def close(self) -> None:
        assert self.master.stdout is not None
        self.master.stdout.close()
        self.master.send_signal(signal.SIGQUIT)
        self.master.wait(20)


def within(seconds: float, look: Callable[[], list[int]], length: int) -> list[int]:
    """What `look` finds when it is that many."""
    deadline = time.monotonic() + seconds
    while len(found := look()) != length:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    try:
        yield running
    finally:
        running.close()


def load(service: Service, seconds: float, random: Random) -> Counter[str]:
    """Let clients make requests, and kill; returns what was done. Raises AssertionError."""
    command = [sys.executable, "-m", "tests.service.killed_program", "clients", service.name]
    done: Counter[str] = Counter()

    def read(lines: bytes) -> None:
        for line in lines.decode().splitlines():
            what, _, rest = line.partition(" ")
            assert what == "block", line
            for name, number in zip(("whole", "broken", "lost"), rest.split(), strict=True):
                done[name] += int(number)
            done["descriptors"] += 1

    with subprocess.Popen(
        [*command, str(service.port), str(CLIENTS)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as clients:
        assert clients.stdin is not None
        assert clients.stdout is not None
        output = clients.stdout.fileno()
        try:
            assert clients.stdout.readline() == b"ready\n"
            end = time.monotonic() + seconds
            while (now := time.monotonic()) < end:
                next_kill = now + random.uniform(0.05, 0.2)
                while (left := next_kill - time.monotonic()) > 0:
                    if select.select([output], [], [], left)[0]:
                        read(clients.stdout.readline())
                kind, starter = random.choice(
                    [("workers", service.master.pid), ("clients", clients.pid)]
                )
                living = [pid for pid in children(starter) if pid != service.spared]
                if living:
                    done[f"{kind} killed"] += kill(random.choice(living), starter)
        finally:
            clients.stdin.close()
            read(clients.stdout.read())
    assert clients.returncode == 0
    return done


def grown(before: Usage, after: Usage, kept: int = 0) -> bool:
    more = after.files.total() > before.files.total() + kept
    return more or after.memory > before.memory + NOISE


def test_killed_at_random(service: Service, note: Callable[[str], None]) -> None:
    device = pykcov.connect(service.name)
    alone = asyncio.run(killed_program.alone(device, service.port))
    random = Random(0)
    load(service, max(1.5, SECONDS / 10), random)  # what is made once, and kept
    before = service.usage()
    done = load(service, SECONDS, random)
    after = service.usage()

    assert asyncio.run(killed_program.alone(device, service.port)) == alone
    assert min(done[f"{kind} killed"] for kind in ("workers", "clients")) >= SECONDS
    assert done["whole"] > 50 * SECONDS
    assert done["broken"] > 0
    told = f"{dict(done)}"
    for who, was, now in zip(("master", "worker"), before, after, strict=True):
        told += f"; {who}: {was.files.total()} -> {now.files.total()} files"
        told += f" {dict(now.files - was.files) or ''}, {was.memory} -> {now.memory} bytes"
    assert not grown(before[0], after[0]), told
    assert after[0].threads == before[0].threads == 2, told  # gunicorn's own, and the device's
    assert after[1].threads <= 1 + THREADS, told
    assert not grown(before[1], after[1], KEPT), told
    note(f"killed at random: {told}")
