"""make bench: requests a second of real services, plain, traced request by request, under coverage.

Each variant is a server in a process of its own, pinned to one core. This process drives them from
another core, in turn, with 64 requests in flight, and reads each traced request's records when its
response is there. Figures are medians over the rounds, and ratios are of medians, plain to variant
where less is better. CPU: the server's a request, which minds less what else the machine does.

--frameworks has FastAPI, Starlette, Flask and Werkzeug instrumented too, and measured by coverage.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
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

import pykcov
from pykcov.service.client import RemoteTrace

PROGRAM = Path(__file__).with_name("service_app.py")
CORES = sorted(os.sched_getaffinity(0))  # the first is the server's, the last is this process's
IN_FLIGHT = 64
WARM = 0.3  # seconds of each round that do not count
SERVERS = {"uvicorn": "FastAPI", "waitress": "Flask"}
FRAMEWORKS = ("fastapi", "starlette", "flask", "werkzeug")
KINDS = 3  # of requests
GOAL = 0.75
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


def variants(server: str, frameworks: bool, folder: Path) -> dict[str, Service]:
    """The services that are compared, plain first."""
    files = [str(PROGRAM)]
    if frameworks:
        files += [f"**/site-packages/{name}/**" for name in FRAMEWORKS]
    run = ["-m", "pykcov", "run"] + [word for file in files for word in ("--include", file)]
    include = ",".join(file.removesuffix("*") for file in files)
    coverage = ["-m", "coverage", "run", f"--data-file={folder / 'coverage'}", "--include", include]
    unasked, asked = f"{server}-unasked", f"{server}-asked"
    return {
        "plain": Service(server, []),
        "pykcov, unasked": Service(server, [*run, "--device", unasked], False, unasked),
        "pykcov, traced": Service(server, [*run, "--device", asked], True, asked),
        "coverage, lines": Service(server, coverage),
    }


def middle(rounds: list[Round], what: str) -> float:
    """The median of one figure."""
    return float(statistics.median(getattr(each, what) for each in rounds))


def bench(server: str, args: argparse.Namespace, folder: Path) -> None:
    """Measure all variants of one server, and print."""
    services = variants(server, args.frameworks, folder)
    with ExitStack() as stack:
        for service in services.values():
            service.start(stack)
            service.drive(0.1)
        for _ in range(args.rounds):
            for service in services.values():
                service.rounds.append(service.drive(args.seconds))
    seen = sum((each.records for each in services["pykcov, traced"].rounds), Counter())
    records = sum(found * times for (_, found), times in seen.items()) / seen.total()
    if len(seen) != KINDS and not args.frameworks:  # theirs differ: they look at the time
        raise SystemExit(f"traces of one request differ: {seen}")
    print(f"\n{server} with {SERVERS[server]}, {records:.0f} records a traced request:")
    head = ("requests/s", "ratio", "least", "most", "CPU us", "ratio", "client busy")
    print(" " * 18 + "".join(f"{text:>12}" for text in head))
    plain = services["plain"].rounds
    for name, service in services.items():
        rounds, rates = service.rounds, [each.rate for each in service.rounds]
        rate, used = middle(rounds, "rate"), middle(rounds, "used")
        print(
            f"  {name:<16}{rate:>12.0f}{rate / middle(plain, 'rate'):>12.3f}"
            f"{min(rates):>12.0f}{max(rates):>12.0f}"
            f"{used * 1e6:>12.0f}{middle(plain, 'used') / used:>12.3f}"
            f"{max(each.busy for each in rounds):>12.0%}"
        )
    print(f"  goal: pykcov, traced >= {GOAL}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each variant (default: 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a round (default: 2)")
    parser.add_argument("--server", choices=SERVERS, action="append", help="only this one")
    parser.add_argument("--frameworks", action="store_true", help="instrument them, too")
    args = parser.parse_args()
    print(f"CPython {platform.python_version()}, {IN_FLIGHT} requests in flight,", end=" ")
    print(f"{args.rounds} rounds of {args.seconds:g} s")
    if len(CORES) == 1:
        print("server and client share one core: ratios come out too near to 1")
    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as name:
        os.environ.update(PYKCOV_STORE=f"{name}/symbols.sqlite", PYKCOV_DEVICES=name)
        for server in args.server or SERVERS:
            bench(server, args, Path(name))


if __name__ == "__main__":
    main()
