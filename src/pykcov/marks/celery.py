"""Celery: attach(app), where the tasks are defined."""

from __future__ import annotations

from functools import wraps
from typing import Any

from celery import Celery, signals

from pykcov.device.sections import Section
from pykcov.marks.starting import KEY, hand_on, publish, start, stop

_MARKED = "_kcov_marked"


def attach(app: Celery, *, key: str = KEY) -> None:
    """Mark the tasks of `app` whose message has a handle in the header `key`. A task sent from
    within a section gets the section's handle, unless it has such a header already.

    A task's section begins before before_start(). It is published when run() returns, before the
    result is stored; what the task's handlers execute is published when they return.
    """
    marks = _Marks(app, key)
    signals.before_task_publish.connect(marks.send, weak=False)
    signals.task_prerun.connect(marks.begin, weak=False)
    signals.task_postrun.connect(marks.end, weak=False)
    # A worker binds each task's run() when it starts.
    signals.celeryd_after_setup.connect(marks.prepare, weak=False)
    app.on_after_finalize.connect(marks.prepare, weak=False)


class _Marks:
    """The sections of one app's tasks that this process runs."""

    def __init__(self, app: Celery, key: str) -> None:
        self._app, self._key = app, key
        self._sections: dict[str, Section] = {}  # by task id

    def send(self, headers: dict[str, Any], **_: Any) -> None:
        hand_on(headers.__setitem__, headers, self._key)

    def prepare(self, **_: Any) -> None:
        for task in self._app.tasks.values():
            if not hasattr(task.run, _MARKED):
                task.run = self._publishing(task)

    def _publishing(self, task: Any) -> Any:
        plain = task.run

        @wraps(plain)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return plain(*args, **kwargs)
            finally:
                if self._sections and (section := self._sections.get(task.request.id)):
                    publish(section, answered=True)

        setattr(run, _MARKED, True)
        return run

    def begin(self, task_id: str, task: Any, **_: Any) -> None:
        if task.app is not self._app:
            return
        request = task.request
        value = request.get(self._key)
        if value is None:  # apply(), which sends no message, has it here
            value = (request.headers or {}).get(self._key)
        section = start(value)
        if section is not None:
            self._sections[task_id] = section

    def end(self, task_id: str, **_: Any) -> None:
        section = self._sections.pop(task_id, None)
        if section is not None:
            stop(section)
