"""Programs that test_kills.py kills: a gunicorn that shows its device, and clients of it.

killed_program.py service NAME: prints the port. Ends on SIGQUIT.
killed_program.py clients NAME PORT COUNT: keeps so many clients going, each a process; prints
"ready", and a line for each block of requests. Ends when its stdin does.

The lines of a client: "block WHOLE BROKEN LOST": requests answered, all with whole traces; those
that broke off and were repeated; those among them whose traces were absent. Or "wrong WHAT".
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from itertools import count
from random import Random
from typing import Any

from gunicorn.app.base import BaseApplication
from tests.service import judging
from tests.service.raw import Client, Kind

import pykcov
from pykcov.service.client import Device
from pykcov.service.remote_trace import RemoteTrace

WORKERS, THREADS = 4, 4
BLOCK = 8  # requests of one descriptor
PATIENCE = 30.0  # seconds for an answer
# Requests that publish once: two pieces of a trace may be torn apart by who kills in between.
ONCE = [
    Kind("/plain/1"),
    Kind("/plain/2", "HEAD"),
    Kind("/stream/3"),
    Kind("/context/5"),
    Kind("/memory/9"),
    Kind("/empty/10", status=204),
    Kind("/body/11", "POST", b"three words here"),
    Kind("/fail/12", status=500),
    Kind("/moved/13", status=302),
    Kind("/json/14"),
]
Expected = Mapping[Kind, list[int]]


class Application(BaseApplication):  # type: ignore[misc]
    def __init__(self, app: Any, **options: Any) -> None:
        self.app, self.options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app


def service(name: str) -> None:
    """Show the device in the master, whose workers are forked behind that."""
    with pykcov.instrument(include=judging.APPS):
        from tests.service import flask_app

        pykcov.serve(name)
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        print(listener.getsockname()[1], flush=True)
        Application(
            flask_app.app,
            bind=f"fd://{listener.detach()}",
            workers=WORKERS,
            worker_class="gthread",
            threads=THREADS,
            loglevel="critical",
            control_socket_disable=True,
        ).run()


async def alone(device: Device, port: int) -> Expected:
    """The traces of requests that are sent when there are no others."""
    found: dict[Kind, list[int]] = {}
    async with Client(port) as client:
        with device.remote("alone") as t:
            for kind in ONCE * 2:  # what happens once happens in the first round
                t.clear()
                answer = await client.fetch(kind, "alone")
                assert answer.status == kind.status, (kind, answer)
                await asyncio.sleep(0.02)
                found[kind] = list(t.pcs)
    device.close()
    assert len({tuple(trace) for trace in found.values()}) == len(ONCE)
    return found


async def block(
    t: RemoteTrace, client: Client, random: Random, expected: Expected
) -> tuple[int, int]:
    """Do a block of requests; return how many broke off, and how many of these left no trace.

    Raises AssertionError for a trace that is neither whole nor absent, where a request broke off.
    """
    broken = lost = 0
    for kind in random.choices(ONCE, k=BLOCK):
        while True:
            t.clear()
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = await client.fetch(kind, os.getpid())
            except TimeoutError:
                raise AssertionError(f"{kind}: no answer") from None
            except (EOFError, OSError, ValueError):  # the last: no length of a next chunk
                with contextlib.suppress(OSError):
                    await client.close()
                broken += 1
                if not t.pcs:
                    lost += 1
                else:
                    assert list(t.pcs) == expected[kind], f"{kind}: {len(t.pcs)} records, broken"
                continue
            assert answer.status == kind.status, (kind, answer)
            assert list(t.pcs) == expected[kind], f"{kind}: {len(t.pcs)} records"
            break
    return broken, lost


async def go_on(device: Device, port: int, number: int, expected: Expected) -> None:
    """Be a client, for ever."""
    random = Random(number)
    async with Client(port) as client:
        while True:
            # A section whose worker was killed is never published, and nobody waits for it here.
            with device.remote(os.getpid(), 1 << 12, timeout=0.1) as t:
                broken, lost = await block(t, client, random, expected)
            assert t.complete or broken, "cut"
            os.write(1, f"block {BLOCK} {broken} {lost}\n".encode())


def clients(name: str, port: int, most: int) -> None:
    """Fork clients, and another for each that ends."""
    device = pykcov.connect(name)
    expected = asyncio.run(alone(device, port))
    print("ready", flush=True)
    numbers = count()
    running: set[int] = set()
    while not select.select([0], [], [], 0.01)[0]:
        while len(running) < most:
            number = next(numbers)
            if (pid := os.fork()) == 0:
                try:
                    asyncio.run(go_on(device, port, number, expected))
                except BaseException:
                    lines = traceback.format_exc().strip().splitlines()
                    os.write(1, ("wrong " + " / ".join(lines)[-3000:] + "\n").encode())
                finally:
                    os._exit(1)
            running.add(pid)
        running -= {pid for pid in running if os.waitpid(pid, os.WNOHANG)[0]}
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    if sys.argv[1] == "service":
        service(sys.argv[2])
    else:
        clients(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
