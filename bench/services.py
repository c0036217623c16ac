"""Requests a second of real services, plain, traced request by request, under coverage.py.

Each variant is a server in a process of its own, pinned to one core. This process drives them from
another core, in turn, with 64 requests in flight, and reads each traced request's records when its
response is there. CPU: the server's a request, which minds less what else the machine does.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pykcov
from bench.turns import median_ratio
from pykcov.service.remote_trace import RemoteTrace

PROGRAM = Path(__file__).with_name("service_app.py")
CORES = sorted(os.sched_getaffinity(0))  # the first is the server's, the last is this process's
IN_FLIGHT = 64
WARM = 0.3  # seconds of each round that do not count
SERVERS = {"uvicorn": "FastAPI", "waitress": "Flask"}
KINDS = 3  # of requests
AREA = 1 << 16  # words, for each request in flight
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
WANTED = {"product": "tape", "kind": "tools", "price": 250, "weight": 90}
LINES = [{**WANTED, "pieces": 3 + i} for i in range(40)]
BASKET = json.dumps({"customer": 4711, "lines": LINES})


def requests(header: str) -> list[bytes]:
    """The requests that a connection makes, over and over; `header` is a line of each."""
    posted = f"Content-Type: application/json\r\nContent-Length: {len(BASKET)}\r\n"
    made = [
        ("GET /customers/1234567/orders?count=50&member=true", "", ""),
        ("GET /search?text=headphone&most=4", "", ""),
        ("POST /quotes", posted, BASKET),
    ]
    return [
        f"{line} HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\n{header}{more}\r\n{body}".encode()
        for line, more, body in made
    ]


class Connection:
    """One connection, and the trace of the request that is on it."""

    def __init__(self, port: int, slot: int, trace: RemoteTrace | None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests(f"X-Kcov-Handle: slot {slot}\r\n" if trace else "")
        self.kind = slot  # of the request that is on it
        self._trace = trace
        self._received = b""

    def ask(self) -> None:
        """Send the next request."""
        self.kind = (self.kind + 1) % len(self._requests)
        self.socket.sendall(self._requests[self.kind])

    def read(self) -> int | None:
        """Read what is there: the number of records when that ends the response, or None."""
        data = self.socket.recv(1 << 16)
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        length = LENGTH.search(self._received, 0, head + 2)
        if not data or (head >= 0 and not self._received.startswith(b"HTTP/1.1 200")):
            raise RuntimeError(f"not as it must be: {self._received[:200]!r}")
        if length is None or len(self._received) < head + 4 + int(length[1]):
            return None
        self._received = b""
        if self._trace is None:
            return 0
        records = len(self._trace.pcs)
        self._trace.clear()
        return records


@dataclass
class Round:
    """What one round saw."""

    rate: float  # requests a second
    used: float  # seconds of the server's CPU time a request
    busy: float  # this process's part of its core
    records: Counter[tuple[int, int]]  # kinds of requests, and their numbers of records


def cpu_time(pid: int) -> float:
    """Seconds of CPU time that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def drive(pid: int, port: int, seconds: float, traces: list[RemoteTrace]) -> Round:
    """Keep IN_FLIGHT requests in flight for so long."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for slot in range(IN_FLIGHT):
            connection = Connection(port, slot, traces[slot] if traces else None)
            stack.enter_context(connection.socket)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.ask()
        records: Counter[tuple[int, int]] = Counter()
        done, warm, began, mine, server = 0, False, time.perf_counter(), 0.0, 0.0
        while True:
            now = time.perf_counter()
            if not warm and now - began >= WARM:
                warm, done, began = True, 0, now
                mine, server = time.process_time(), cpu_time(pid)
            elif warm and now - began >= seconds:
                break
            for key, _ in selector.select(10):
                connection = key.data
                found = connection.read()
                if found is not None:
                    done += 1
                    records[connection.kind, found] += 1
                    connection.ask()
        took, mine, server = now - began, time.process_time() - mine, cpu_time(pid) - server
        for key in selector.get_map().values():  # what is in flight is not cut off
            while key.data.read() is None:
                pass
    return Round(done / took, server / done, mine / took, records)


@dataclass
class Service:
    """A server that runs, on a core of its own. name: of its device, if it shows one."""

    server: str
    options: list[str]  # between the interpreter and the program
    traced: bool = False
    name: str | None = None
    rounds: list[Round] = field(default_factory=list)

    def start(self, stack: ExitStack) -> None:
        """Until `stack` is left: start it, and register 64 handles with its device."""
        mark = ["--mark"] if self.name else []
        command = [sys.executable, *self.options, str(PROGRAM), self.server, *mark]
        os.sched_setaffinity(0, {CORES[0]})  # the child inherits it, each thread of it
        env = {**os.environ, "COVERAGE_CORE": "ctrace"}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        os.sched_setaffinity(0, {CORES[-1]})
        stack.callback(self._process.communicate)
        stack.callback(self._process.kill)
        assert self._process.stdout is not None
        port = self._process.stdout.readline()
        if not port:
            raise SystemExit(f"{' '.join(command)} did not start")
        self._port = int(port)
        self._traces: list[RemoteTrace] = []
        if self.traced and self.name:
            device = pykcov.connect(self.name)
            traces = (device.remote(f"slot {i}", AREA) for i in range(IN_FLIGHT))
            self._traces += map(stack.enter_context, traces)

    def drive(self, seconds: float) -> Round:
        """One round, which need not count."""
        return drive(self._process.pid, self._port, seconds, self._traces)


def variants(server: str, folder: Path) -> dict[str, Service]:
    """The services that are compared, plain first."""
    include = ["--include", str(PROGRAM)]
    run = ["-m", "pykcov", "run", *include]
    coverage = ["-m", "coverage", "run", f"--data-file={folder / 'coverage'}", *include]
    unasked, asked = f"{server}-unasked", f"{server}-asked"
    return {
        "plain": Service(server, []),
        "pykcov, unasked": Service(server, [*run, "--device", unasked], False, unasked),
        "pykcov, traced": Service(server, [*run, "--device", asked], True, asked),
        "coverage, lines": Service(server, coverage),
    }


def _bench(server: str, rounds: int, seconds: float, folder: Path) -> dict[str, Any]:
    services = variants(server, folder)
    with ExitStack() as stack:
        for service in services.values():
            service.start(stack)
            service.drive(0.1)
        for _ in range(rounds):
            for service in services.values():
                service.rounds.append(service.drive(seconds))
    seen = sum((each.records for each in services["pykcov, traced"].rounds), Counter())
    if len(seen) != KINDS:
        raise SystemExit(f"traces of one request differ: {seen}")
    plain = services["plain"].rounds
    found: dict[str, Any] = {
        "records a request": round(sum(n * times for (_, n), times in seen.items()) / seen.total())
    }
    for name, service in services.items():
        rates = [each.rate for each in service.rounds]
        used = [each.used for each in service.rounds]
        found[name] = {
            "requests/s": round(statistics.median(rates)),
            "to plain": median_ratio(rates, [each.rate for each in plain]),
            "CPU to plain": median_ratio(used, [each.used for each in plain]),
        }
    return found


def bench(rounds: int, seconds: float, servers: int) -> dict[str, Any]:
    """Measure all variants of so many servers; returns requests a second, and ratios to plain."""
    if len(CORES) == 1:
        print("  server and client share one core: ratios come out too near to 1")
    kept = {name: os.environ.get(name) for name in ("PYKCOV_STORE", "PYKCOV_DEVICES")}
    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as name:
        os.environ.update(PYKCOV_STORE=f"{name}/symbols.sqlite", PYKCOV_DEVICES=name)
        try:
            return {
                f"{server} with {framework}": _bench(server, rounds, seconds, Path(name))
                for server, framework in list(SERVERS.items())[-servers:]
            }
        finally:
            for variable, value in kept.items():
                os.environ.pop(variable)
                if value is not None:
                    os.environ[variable] = value
