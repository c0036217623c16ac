"""Real servers, in threads of this process."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
import waitress
from waitress import wasyncore

logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # requests wait: they are to


@contextlib.contextmanager
def uvicorn_of(app: Any, **settings: Any) -> Iterator[int]:
    """Serve an ASGI application; yields the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            app, log_config=None, log_level="critical", ws="websockets-sansio", **settings
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.001)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def waitress_of(app: Any) -> Iterator[int]:
    """Serve a WSGI application; yields the port."""
    server = waitress.create_server(
        app, host="127.0.0.1", port=0, threads=8, asyncore_loop_timeout=0.05
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        # The loop ends when it has no socket any more.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        server.task_dispatcher.shutdown()
        thread.join(10)
        assert not thread.is_alive()
