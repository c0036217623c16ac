"""The supervisor: answers the system calls of a guest's processes by a kernel's methods."""

from __future__ import annotations

import errno
import logging
import os
import selectors
import threading
import time
from collections.abc import Callable

from pykcov.abi.syscalls import NUMBER
from pykcov.device.task import Task
from pykcov.errors import own_bug
from pykcov.guest import log, proc_raw
from pykcov.guest.guest_task import GuestTask
from pykcov.guest.launch import Launched
from pykcov.guest.log import CONTINUE, Answer
from pykcov.guest.placeholders import Placeholders
from pykcov.guest.processes import Processes
from pykcov.kernel.interface import HOST
from pykcov.kernel.kernel import Kernel, SyscallHandler

_EXIT, _EXIT_GROUP = NUMBER["exit"], NUMBER["exit_group"]
_EXECVE, _EXECVEAT = NUMBER["execve"], NUMBER["execveat"]
_HOLD, _HOLD_MOST = 0.0005, 1.0  # seconds: between two looks at another's execve, and for all
_AGAIN = 0.002  # seconds until a process that has ended is looked at again
_WATCHED = frozenset({_EXIT, _EXIT_GROUP, _EXECVE, _EXECVEAT})


class Supervisor:
    """Serves one guest, and all that it starts.

    Threads: workers, which receive and answer (csrc/listener.c says how they take turns), and one
    that hears of closed files and ended processes. A task is its handler's thread's while a call
    of it waits; `_lock` guards the maps of tasks and processes.
    """

    def __init__(self, kernel: Kernel, handlers: dict[int, SyscallHandler], launched: Launched,
                 placeholders: Placeholders) -> None:  # fmt: skip
        self.kernel = kernel
        self.listener = launched.listener
        self.placeholders = placeholders
        self._methods: dict[int, Callable[..., object]] = {
            number: handler.method for number, handler in handlers.items()
        }
        self._lock = threading.Lock()
        self._tasks: dict[int, GuestTask] = {}
        self._executing: dict[int, int] = {}  # process: thread that called execve
        self._idle = threading.Condition(self._lock)  # a task with `ended` has finished its call
        self._selector = selectors.DefaultSelector()
        self.processes = Processes(self._selector)
        self._workers: set[threading.Thread] = set()
        self._bug: Exception | None = None

    # -- threads ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to serve."""
        self._selector.register(self.placeholders.fd, selectors.EVENT_READ, None)
        self._wake, stopped = os.pipe2(os.O_CLOEXEC)
        self._stop = stopped
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._events = threading.Thread(target=self._hear, name="pykcov-events", daemon=True)
        self._events.start()
        self._add_worker()

    def _add_worker(self) -> None:
        worker = threading.Thread(target=self._work, name="pykcov-worker", daemon=True)
        with self._lock:
            self._workers.add(worker)
        worker.start()

    def stop(self) -> None:
        """Release all that the guest, which has ended, left. Raises RuntimeError for a worker that
        does not end."""
        os.write(self._stop, b"x")
        self._events.join()
        for worker in list(self._workers):
            worker.join(10)
            if worker.is_alive():
                raise RuntimeError("a system call of a guest that has ended is still being handled")
        for task in list(self._tasks.values()):
            self._end(task)
        self.processes.close()
        self._selector.close()
        self.listener.close()
        os.close(self._wake)
        os.close(self._stop)
        if self._bug is not None:
            raise self._bug

    def _own_bug(self) -> None:
        """Go on serving: who waits for an answer gets one. stop() raises it where bugs raise."""
        try:
            own_bug("guest-call-failed", "a guest could not be served")
        except Exception as bug:
            self._bug = bug

    # -- calls ------------------------------------------------------------------------------------

    def _work(self) -> None:
        exchange, listener = self.listener.exchange, self.listener
        answer = self._logged if log.log.isEnabledFor(logging.DEBUG) else self._answer
        call, value, error, flags = 0, 0, 0, 0
        try:
            while (note := exchange(call, value, error, flags)) is not None:
                call, tid, number, args = note
                if not listener.followers:
                    self._add_worker()
                try:
                    value, error, flags = answer(call, tid, number, args)
                except Exception:
                    # What ends a process ends it all the same.
                    value, error, flags = CONTINUE if number in _WATCHED else (0, -errno.EIO, 0)
                    self._own_bug()
        finally:
            listener.give_up()
            with self._lock:
                self._workers.discard(threading.current_thread())

    def _answer(self, call: int, tid: int, number: int, args: tuple[int, ...]) -> Answer:
        """Have the kernel's method answer, recorded if the task is."""
        task = self._tasks.get(tid)
        if task is None or self._executing:
            try:
                task = self._meet(call, tid)
            except OSError as failure:
                if failure.errno in (errno.EMFILE, errno.ENFILE):
                    log.warn_once("a guest's process cannot be watched", failure)
                    return 0, -errno.ENFILE, 0
                return 0, -errno.ESRCH, 0  # it has been killed: nobody hears the answer
        task.call = call
        if number in _WATCHED:
            self._watch_call(task, number)
        task.enter()
        try:
            result = self._methods[number](task, *args)
        except OSError as failure:
            answer = 0, -(failure.errno or errno.EIO), 0
        except Exception:
            answer = log.failed(number)
        else:
            if result is HOST:
                answer = CONTINUE
            elif type(result) is int:
                answer = (result if result < 2**63 else result - 2**64), 0, 0
            else:
                answer = log.failed(number, result)
        finally:
            task.leave()
        if number in _WATCHED:
            self._watched(task, number, answer)
        task.call = 0
        if task.ended:
            self._finish(task)
        return answer

    def _logged(self, call: int, tid: int, number: int, args: tuple[int, ...]) -> Answer:
        """Answer, and tell of it as strace would."""
        answer = self._answer(call, tid, number, args)
        log.call(tid, number, args, answer)
        return answer

    # -- tasks ------------------------------------------------------------------------------------

    def _meet(self, call: int, tid: int) -> GuestTask:
        """Return the task of a thread, a new one or one that execve moved. Raises OSError."""
        task = self._tasks.get(tid)
        if task is None:
            pid = proc_raw.status(tid).tgid
            self.processes.meet(pid)
        else:
            pid = task.pid
        if pid in self._executing:
            if not self.listener.is_valid(call):
                raise ProcessLookupError
            self._executed(pid, tid)
            task = self._tasks.get(tid)
        if task is None:
            task = self._tasks[tid] = GuestTask(self, tid, pid)
        return task

    def _watch_call(self, task: GuestTask, number: int) -> None:
        """A call that says what becomes of tasks is about to be done."""
        if number in (_EXECVE, _EXECVEAT):
            self._begin_execve(task)
        else:
            self.processes.exits(task.pid)

    def _begin_execve(self, task: GuestTask) -> None:
        """Let one execve of a process through at a time: of two at once, nobody could tell which
        thread it was that succeeded. Linux holds the second, too (cred_guard_mutex), but later."""
        deadline = time.monotonic() + _HOLD_MOST
        while self.listener.is_valid(task.call):
            with self._lock:
                other = self._executing.setdefault(task.pid, task.tid)
            if other == task.tid:
                # If another's execve has succeeded just now, this thread was killed before that.
                if not self.listener.is_valid(task.call):
                    self._end_execve(task.pid, task.tid)
                return
            self._executed(task.pid)
            in_execve = proc_raw.may_be_in(task.pid, other, (_EXECVE, _EXECVEAT))
            if not in_execve or time.monotonic() > deadline:
                self._end_execve(task.pid, other)
                continue
            self.listener.give_up()
            time.sleep(_HOLD)

    def _end_execve(self, pid: int, tid: int) -> None:
        """The thread's execve has failed."""
        with self._lock:
            if self._executing.get(pid) == tid:
                del self._executing[pid]

    def _watched(self, task: GuestTask, number: int, answer: Answer) -> None:
        """Such a call has been answered."""
        if number in (_EXECVE, _EXECVEAT):
            if answer is not CONTINUE:
                self._end_execve(task.pid, task.tid)
            return
        for other in [task] if number == _EXIT else self._of_process(task.pid):
            self._end(other)

    def _of_process(self, pid: int) -> list[GuestTask]:
        with self._lock:
            return [task for task in self._tasks.values() if task.pid == pid]

    def _executed(self, pid: int, caller: int | None = None) -> None:
        """A thread of process `pid` called execve: find out what came of it.

        Success ends all other threads and gives the one that called the leader's number, which is
        the process's. Seen from here: a thread that is not the leader is gone (or has the leader's
        number), and only that one has. caller: the thread whose call is looked at.
        """
        with self._lock:
            executing = self._executing.get(pid)
            if executing is None:
                return
            alive = proc_raw.threads(pid)
            if pid not in alive:
                return  # it ends; or for an instant Linux lists none: a thread becomes the leader
            if executing in alive and caller != executing:
                return  # not yet, or it was the leader and is still there
            del self._executing[pid]
            gone = [t for t in self._tasks.values() if t.pid == pid and t.tid not in alive]
            mover = self._tasks.get(executing)
            moves = mover is not None and executing not in alive
            if moves and pid in self._tasks:
                gone.append(self._tasks[pid])
        for task in gone:
            if task is not mover or not moves:
                self._end(task)
        if moves and mover is not None:
            with self._lock:
                self._tasks.pop(executing, None)
                mover.tid = pid
                self._tasks[pid] = mover

    def _end(self, task: GuestTask) -> None:
        """The task is over, at once or when its handler returns."""
        with self._lock:
            if self._tasks.get(task.tid) is task:
                del self._tasks[task.tid]
        task.ended = True
        if not task.call:
            self._finish(task)

    def _finish(self, task: GuestTask) -> None:
        task.exit()
        with self._idle:
            self._idle.notify_all()

    def end_if_dead(self, owner: Task) -> None:
        """End a task whose thread has begun to exit. Waits for its call to be over, if it was
        killed in the middle of one."""
        assert isinstance(owner, GuestTask)
        self._executed(owner.pid)
        # After an execve the number of a leader that has ended is another's.
        if not owner.ended and proc_raw.is_alive(owner.pid, owner.tid):
            return
        self._end(owner)
        if owner.kcov is not None:
            self.listener.give_up()
            with self._idle:
                self._idle.wait_for(lambda: owner.kcov is None, timeout=1)

    # -- events -----------------------------------------------------------------------------------

    def _hear(self) -> None:
        while True:
            events = self._selector.select()
            if any(key.data is not None for key, _ in events):
                # Linux takes a process for ended, for an instant, while a thread that called execve
                # takes the leader's place. So: look again.
                time.sleep(_AGAIN)
                events = self._selector.select(0)
            for key, _ in events:
                if key.fd == self._wake:
                    return
                try:
                    if key.fd == self.placeholders.fd:
                        self.placeholders.collect()
                    else:
                        self._process_ended(key.data)
                except Exception:
                    self._own_bug()

    def _process_ended(self, pid: int) -> None:
        self.processes.ended(pid)
        with self._lock:
            self._executing.pop(pid, None)
        for task in self._of_process(pid):
            self._end(task)
