"""Tasks: the units of execution that the device records.

A task owns at most one kcov. In process, a task is an OS thread (ThreadTask), or a context, such as
that of an asyncio task or a greenlet (ContextTask). A kernel written in Python makes its own tasks,
and calls Task.enter() and Task.leave() when one of them enters and leaves it.

Work registered with a task runs when the kernel returns to its caller. In the recording mode
"blocks" this is when counters are consumed into the area.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

from pykcov import forks, probe
from pykcov.device.inherit import set_common_handle


class TaskKcov(Protocol):
    """What a task needs from the kcov it owns."""

    def task_exit(self, task: Task) -> None: ...
    def task_forked(self) -> None: ...
    def task_resumed(self, task: Task) -> None: ...


_tasks: weakref.WeakSet[Task] = weakref.WeakSet()


class Task:
    """A task of a kernel: records while it is in the kernel, between enter() and leave().

    kcov: the kcov that it owns, or None; set by the device. Only the thread that runs the task may
    access its fields.
    """

    def __init__(self) -> None:
        self.kcov: TaskKcov | None = None
        self._recorder: probe.Recorder | None = None
        self.work: list[Callable[[Task], object]] = []
        self._entered = False
        _tasks.add(self)

    # -- the kernel's side ------------------------------------------------------------------------

    def enter(self) -> None:
        """Enter the kernel on the calling thread, and start recording.

        Raises RuntimeError if another task is recorded on this thread, or this one has entered.
        """
        forks.notice()
        if self._entered:
            raise RuntimeError("this task has entered the kernel already")
        if self._recorder is not None:
            probe.attach(self._recorder)
        self._entered = True

    def leave(self) -> None:
        """Return from the kernel: stop recording, and run registered work."""
        forks.notice()
        if self._entered and self._recorder is not None:
            probe.detach()
        self._entered = False
        self.run_work()

    def register_work(self, work: Callable[[Task], object]) -> None:
        """Run work(task) once, when the kernel returns to its caller."""
        self.work.append(work)

    def expect_work(self, work: Callable[[Task], object]) -> None:
        """Do as register_work(), unless the work is already registered."""
        if work not in self.work:
            self.work.append(work)

    def run_work(self) -> None:
        """Run the work registered so far.

        Work that it registers waits for the next time, and so does the rest if one raises.
        """
        work, self.work = self.work, []
        done = 0
        try:
            for item in work:
                done += 1
                item(self)
        finally:
            self.work[:0] = work[done:]

    def resume(self) -> None:
        """Resume a restored task: it is recorded when it enters the kernel."""
        with probe.quiet:
            if self.kcov is not None:
                self.kcov.task_resumed(self)

    def exit(self) -> None:
        """End the task: disable its kcov, and drop its work."""
        with probe.quiet:
            self.work.clear()
            if self.kcov is not None:
                self.kcov.task_exit(self)

    # -- the device's side ------------------------------------------------------------------------

    def runs_here(self) -> bool:
        """May the calling thread act for this task?"""
        return True

    def is_recorded(self) -> bool:
        """Is its thread being recorded, for this task or another one?"""
        return self.kcov is not None or (self._entered and probe.attached() is not None)

    def attach(self, recorder: probe.Recorder) -> None:
        """Record this task into `recorder`, at once if it is in the kernel."""
        self._recorder = recorder
        if self._entered:
            probe.attach(recorder)

    def detach(self) -> None:
        """Stop recording it. Repeated calls do nothing."""
        self._recorder = None
        if self._entered:
            probe.detach()

    def inherit(self, handle: int) -> None:
        """Set the common handle that tasks started by this one inherit; 0: none."""

    def claim(self, shared: probe.Shared) -> None:
        """Tell other processes that share a descriptor that this task owns it now.

        A kernel's tasks have no thread of their own, and their descriptors no other processes.
        """

    def disclaim(self, shared: probe.Shared) -> None:
        """Tell them that it no longer does."""

    # -- saved state ------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Return the kcov and the work. A task is saved while stopped outside of the kernel."""
        return {"kcov": self.kcov, "work": list(self.work)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Task.__init__(self)
        self.kcov = state["kcov"]
        self.work = state["work"]


class ThreadTask(Task):
    """An OS thread. It counts as being in the kernel all its life."""

    def __init__(self) -> None:
        super().__init__()
        self._entered = True

    @staticmethod
    def current() -> ThreadTask:
        """Return the calling thread's task. A forked child has new ones."""
        task = probe.get_task()
        if task is None:
            task = ThreadTask()
            probe.set_task(task)
        assert isinstance(task, ThreadTask)
        return task

    def runs_here(self) -> bool:
        return not self._entered or probe.get_task() is self

    def claim(self, shared: probe.Shared) -> None:
        if not shared.claim():
            raise AssertionError("a descriptor in INIT has an owner")

    def disclaim(self, shared: probe.Shared) -> None:
        shared.disclaim()

    def inherit(self, handle: int) -> None:
        set_common_handle(handle)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._entered = False

    def resume(self) -> None:
        """Make a restored task that of the calling thread, and resume recording.

        Raises RuntimeError if the thread is being recorded already.
        """
        if ThreadTask.current().is_recorded():
            raise RuntimeError("this thread is recorded already; disable that first")
        with probe.quiet:
            probe.set_task(self)
            self._entered = True
            super().resume()


class ContextTask(Task):
    """A context, of an asyncio task or a greenlet, and contexts copied from it."""

    def __init__(self) -> None:
        super().__init__()
        self._token: Any = None

    def attach(self, recorder: probe.Recorder) -> None:
        self._recorder = recorder
        self._token = probe.section_open(recorder)

    def detach(self) -> None:
        if self._recorder is not None:
            if self._token is None:  # attach() was interrupted
                probe.section_close(self._recorder)
            else:
                probe.section_close(self._recorder, self._token)
        self._token = self._recorder = None


def _after_fork() -> None:
    """In a forked child, forget all tasks and what they own: they belong to the parent."""
    for task in list(_tasks):
        task.work.clear()
        task._recorder = None
        kcov, task.kcov = task.kcov, None
        if kcov is not None:
            kcov.task_forked()


forks.in_child(_after_fork)
