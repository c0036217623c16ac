"""RQ: workers."""

from __future__ import annotations

from typing import Any

import rq
from rq.job import Job

from pykcov.marks.starting import KEY, start, stop


class Marked:
    """For a worker class: marks the jobs whose `meta` has "x-kcov-handle", a handle.

    A job's section has what its function executes, and is published before the result is stored.
    """

    def perform_job(self, job: Job, *args: Any, **kwargs: Any) -> bool:
        """As the worker's."""
        plain = job.perform

        def perform() -> Any:
            section = start(job.meta.get(KEY))
            try:
                return plain()
            finally:
                if section is not None:
                    stop(section)

        job.perform = perform  # type: ignore[method-assign]
        performed: bool = super().perform_job(job, *args, **kwargs)  # type: ignore[misc]
        return performed


class Worker(Marked, rq.Worker):
    """rq.Worker, which forks for each job: `rq worker --worker-class pykcov.marks.rq.Worker`."""


class SimpleWorker(Marked, rq.SimpleWorker):
    """rq.SimpleWorker, which does not fork."""
