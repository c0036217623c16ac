"""A dramatiq application, whose broker and results are the redis-server at $TESTS_REDIS.

It is instrumented.
"""

from __future__ import annotations

import os
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import ResultFailure as ResultFailure
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from tests.marks import jobs_app

from pykcov.marks.dramatiq import KcovMiddleware

URL = f"unix://{os.environ['TESTS_REDIS']}"

broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
broker.add_middleware(KcovMiddleware())
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True, max_retries=0)
def run(kind: str, n: int) -> str:
    return jobs_app.run(kind, n)


@dramatiq.actor(store_results=True)
def sends() -> Any:
    """Sends another job, which has the handle of this one's section."""
    return run.send("line", 1).message_id
