"""flask_app, with pauses in what its requests execute, in which others go on. It is instrumented.

It changes paths.work() for all of its process, which is to be one of its own.
"""

from __future__ import annotations

import gevent
from gevent.pool import Pool
from tests.service import paths
from tests.service.flask_app import api
from tests.service.flask_app import app as app

plain = paths.work
now = most = 0  # calls of steps() at once


def steps(n: int) -> int:
    """paths.work(), with pauses in it."""
    global now, most
    now += 1
    most = max(most, now)
    try:
        for i in range(n % 4 + 1):
            gevent.sleep(0)
            plain(n + i)
        return plain(n)
    finally:
        now -= 1


paths.work = steps


def spawned(n: int) -> bytes:
    """What no request's own greenlet runs."""
    return paths.line(n)


@api.get("/timer/<int:n>")
def timer(n: int) -> bytes:
    gevent.sleep(0.001)
    return paths.line(n)


@api.get("/spawn/<int:n>")
def spawn(n: int) -> bytes:
    greenlets = [gevent.spawn(spawned, n + i) for i in range(3)]
    gevent.joinall(greenlets)
    return b"".join(greenlet.value for greenlet in greenlets)


@api.get("/pool/<int:n>")
def pool(n: int) -> bytes:
    return b"".join(Pool(2).imap(spawned, range(n, n + 4)))


@api.get("/most")
def at_once() -> str:
    return str(most)
