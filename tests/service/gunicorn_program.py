"""A gunicorn of four forked workers, judged by clients who registered their handles before."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from typing import Any

from gunicorn.app.base import BaseApplication
from tests.service import judging

import pykcov


class Application(BaseApplication):  # type: ignore[misc]
    def __init__(self, app: Any, **options: Any) -> None:
        self.app, self.options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app


def main() -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(pykcov.instrument(include=judging.APPS))
        from tests.service import flask_app

        clients = [stack.enter_context(client) for client in judging.collectors()]
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=256))
        pid = os.fork()
        if pid == 0:
            try:
                Application(
                    flask_app.app,
                    bind=f"fd://{listener.fileno()}",
                    workers=4,
                    worker_class="gthread",
                    threads=16,
                    loglevel="critical",
                    control_socket_disable=True,
                ).run()
            finally:
                os._exit(0)  # the clients are the parent's to close
        try:
            port = listener.getsockname()[1]
            print(*asyncio.run(judging.judge(port, flask_app.KINDS, clients)))
        finally:
            os.kill(pid, signal.SIGQUIT)  # without waiting for connections
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
