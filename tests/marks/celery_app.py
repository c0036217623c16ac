"""A Celery application, whose broker and results are the redis-server at $TESTS_REDIS.

It is instrumented.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from tests.marks import jobs_app

from pykcov.marks.celery import attach

REDIS = f"redis+socket://{os.environ['TESTS_REDIS']}"

app = Celery("tests", broker=REDIS, backend=REDIS)
app.conf.update(
    broker_connection_retry_on_startup=False,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
)
attach(app)


@app.task
def run(kind: str, n: int) -> str:
    return jobs_app.run(kind, n)


class Handled(Task):  # type: ignore[misc]
    """A task with handlers, and a __call__() of its own."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs)

    def before_start(self, *args: Any) -> None:
        """Before it runs."""

    def on_success(self, *args: Any) -> None:
        """When the result is stored."""

    def after_return(self, *args: Any) -> None:
        """At last."""


@app.task(base=Handled)
def handled() -> int:
    return 5


@app.task(bind=True, max_retries=2)
def retried(self: Any) -> int:
    retries: int = self.request.retries
    if retries < 2:
        raise self.retry(countdown=0)
    return retries


@app.task
def sends() -> str:
    """Sends another job, which has the handle of this one's section."""
    return str(run.delay("line", 1).id)
