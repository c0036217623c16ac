"""Real servers of frameworks that bring their own, in threads of this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

Serving = Callable[[socket.socket], AbstractAsyncContextManager[object]]


@contextlib.contextmanager
def running(serving: Serving) -> Iterator[int]:
    """Run `async with serving(listener)` on an event loop in a thread; yields the port."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def main() -> None:
        async with serving(listener):
            ready.set()
            await stop.wait()

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        listener.setblocking(False)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = int(listener.getsockname()[1])
        runner = asyncio.Runner(loop_factory=lambda: loop)
        thread = threading.Thread(target=lambda: runner.run(main()))
        thread.start()
        try:
            assert ready.wait(30)
            yield port
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            runner.close()


@contextlib.asynccontextmanager
async def aiohttp_server(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    from aiohttp import web

    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    yield
    await runner.cleanup()


@contextlib.asynccontextmanager
async def tornado_server(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    from tornado.httpserver import HTTPServer

    server = HTTPServer(app)
    server.add_sockets([listener])
    yield
    server.stop()
    await server.close_all_connections()


@contextlib.asynccontextmanager
async def sanic_server(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    yield
    await server.before_stop()
    await server.close()
    for connection in server.connections:
        connection.close_if_idle()
    await server.after_stop()
