"""RQ: workers."""

from __future__ import annotations

from typing import Any

import rq
from rq.job import Job

from pykcov.marks.starting import KEY, start, stop


class Marked:
    """A mix-in for worker classes. Marks the jobs that have a handle in meta["x-kcov-handle"].

    A job's section covers its function, and is published before the result is stored.
    """

    def perform_job(self, job: Job, *args: Any, **kwargs: Any) -> bool:
        """Perform the job, as the worker class does."""
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
