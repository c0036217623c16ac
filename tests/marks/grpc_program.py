"""A gRPC server, and 32 calls at once, in a process of its own: gRPC does not like forks.

grpc_program.py threads|asyncio: prints how many calls were traced as alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from tests.live.collector import Collector
from tests.service import judging

import pykcov
from pykcov.symbols.active import current_store

IN_FLIGHT, EACH = 32, 28


@contextlib.contextmanager
def of_threads() -> Iterator[int]:
    from tests.marks import grpc_app

    from pykcov.marks.grpc import ServerInterceptor

    pool = ThreadPoolExecutor(16)
    server = grpc.server(pool, interceptors=[ServerInterceptor()])
    server.add_generic_rpc_handlers([grpc_app.handlers(grpc_app.OfThreads())])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()
        pool.shutdown()


@contextlib.contextmanager
def of_asyncio() -> Iterator[int]:
    from tests.marks import grpc_app

    from pykcov.marks.grpc_aio import ServerInterceptor

    ready = threading.Event()
    ports: list[int] = []

    async def main() -> None:
        server = grpc.aio.server(interceptors=[ServerInterceptor()])
        server.add_generic_rpc_handlers([grpc_app.handlers(grpc_app.OfAsyncio())])
        ports.append(server.add_insecure_port("127.0.0.1:0"))
        await server.start()
        ready.set()
        await asyncio.to_thread(over.wait)
        await server.stop(None)

    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    ready.wait()
    try:
        yield ports[0]
    finally:
        over.set()
        thread.join()


class Caller:
    """Makes calls, and looks at what has been published at each message."""

    def __init__(self, port: int) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def call(
        self, name: str, numbers: Sequence[int], handle: int | str | None, client: Collector
    ) -> list[list[int]]:
        """Return the traces at each message, and at the end."""
        method = getattr(self._channel, name[:2].translate({117: "unary_", 115: "stream_"})[:-1])
        metadata = [] if handle is None else [("x-kcov-handle", str(handle))]
        requests: Any = [b"%d" % n for n in numbers]
        request = requests[0] if name[0] == "u" else iter(requests)
        found: list[list[int]] = []
        client.count = 0
        with contextlib.suppress(grpc.RpcError):
            answer = method(f"/tests/{name}")(request, metadata=metadata, timeout=60)
            for _ in [answer] if name[1] == "u" else answer:
                found.append(client.pcs())
        return [*found, client.pcs()]

    def close(self) -> None:
        self._channel.close()


def leading(trace: list[int], messages: int) -> list[int]:
    """Number of records that lead to each message: it is made by calls of paths.line(), or there is
    only one."""
    functions = [block.function for block in pykcov.symbolize(trace, current_store())]
    starts = [i for i, function in enumerate(functions) if function == "line"]
    if not starts:
        return [len(trace)] * messages
    found = []
    for n in range(messages):
        end = starts[len(starts) // messages * (n + 1) - 1] + 1
        while end < len(functions) and functions[end] == "work":
            end += 1
        found.append(end)
    return found


def main(kind: str) -> None:
    logging.disable(logging.ERROR)
    with pykcov.instrument(include=judging.APPS), contextlib.ExitStack() as stack:
        from tests.marks import grpc_app

        port = stack.enter_context({"threads": of_threads, "asyncio": of_asyncio}[kind]())
        clients = [stack.enter_context(Collector(f"slot {i}")) for i in range(IN_FLIGHT)]
        caller = Caller(port)
        kinds = grpc_app.KINDS
        for _ in range(2):  # what happens once happens now
            alone = {one: caller.call(*one, "slot 0", clients[0]) for one in kinds}
        assert len({tuple(traces[-1]) for traces in alone.values()}) == len(kinds)
        for (name, numbers), traces in alone.items():
            messages = {"us_items": 3, "us_written": 3, "us_fail": 1, "ss_lines": len(numbers)}
            assert len(traces) == messages.get(name, name not in ("uu_fail", "uu_abort")) + 1
            assert all(traces), name
            for before, after in itertools.pairwise(traces):
                assert after[: len(before)] == before
        floors = {kind: leading(traces[-1], len(traces) - 1) for kind, traces in alone.items()}
        for handle in (None, "nobody's", "0x"):
            for name, numbers in kinds:
                assert not any(caller.call(name, numbers, handle, clients[0])), name

        def slot(number: int) -> int:
            own = Caller(port)
            for i in range(EACH):
                kind = kinds[(number * 5 + i) % len(kinds)]
                found = own.call(*kind, f"slot {number}", clients[number])
                assert found[-1] == alone[kind][-1], kind
                for trace, least in zip(found[:-1], floors[kind], strict=True):
                    assert trace == found[-1][: len(trace)]
                    assert len(trace) >= least, kind
            own.close()
            return EACH

        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            print(sum(pool.map(slot, range(IN_FLIGHT))))
        caller.close()


if __name__ == "__main__":
    main(sys.argv[1])
