"""Linux's struct kcov: one per open descriptor, shared by everyone who holds it.

It lives as long as somebody needs it: the descriptor while that is open, the task that enabled it,
or handles registered with it. So if the descriptor is closed while it is enabled, it goes on
recording. References are looked up rather than counted: an exception between a step and its count
would leave the count wrong forever.

An exception may interrupt a change of owner at any point. `changing` is then still set, and mend()
cleans up: nobody records, and the mode is INIT.

Processes that inherit the descriptor share `shared` (mode, size, owner) and the area's memfd. Other
fields are private to each process; `task` and `recorder` are set in the owner's process only.
"""

from __future__ import annotations

import errno
import mmap
from _thread import get_ident
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pykcov import refs
from pykcov.abi.kcov import (
    KCOV_MODE_DISABLED,
    KCOV_MODE_INIT,
    KCOV_MODE_REMOTE,
    KCOV_MODE_TRACE_CMP,
    KCOV_MODE_TRACE_PC,
    KCOV_MODE_UNIQUE_PC,
    KCOV_TRACE_CMP,
    KCOV_TRACE_PC,
    WORD,
)
from pykcov.device import sections
from pykcov.device.area import Area
from pykcov.device.remote_arg import RemoteArg
from pykcov.device.task import Task
from pykcov.errors import fail
from pykcov.probe import Recorder, Shared, under

RECORDING_MODES = ("trace", "blocks")


def has_died(pid: int) -> bool:
    """Has the process ended (even if it is still a zombie)?"""
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in (b"Z", b"X")


class Kcov:
    """Mode, area and owner. `shared` is its lock: hold it for each method that has it as a
    precondition."""

    def __init__(
        self, recording_mode: str = "trace", name: str = "kcov", shared: Shared | None = None
    ) -> None:
        """shared: given for a socket descriptor, whose area has a control page."""
        if recording_mode not in RECORDING_MODES:
            raise ValueError(
                f"recording_mode must be one of {RECORDING_MODES}, not {recording_mode!r}"
            )
        self.recording_mode = recording_mode
        self.shared = Shared() if shared is None else shared
        self.task: Task | None = None
        self.recorder: Recorder | None = None
        self.remote_arg: RemoteArg | None = None
        self.changing: tuple[Task, int] | None = None  # the task, and the thread that changes it
        self.dropped = False
        self.is_open = True
        self.area = Area(name, control=shared is not None)

    def release(self) -> None:
        """Release the area if nobody needs it any more. Repeated calls do nothing."""
        if not (self.is_open or self.task is not None or sections.has_handles(self)):
            self.area.close()
            refs.drop(self)

    def close(self) -> None:
        """Note that the descriptor no longer needs it. Repeated calls do nothing."""
        self.is_open = False
        self.release()

    def mend(self) -> None:
        """Clean up after an exception on this thread. Repeated calls do nothing."""
        if self.changing is not None and self.changing[1] == get_ident():
            under(self.shared, self._end, self.changing[0])

    # -- what refs asks ---------------------------------------------------------------------------

    def ref_type(self) -> str:
        """The type's name."""
        return "Kcov"

    def leak_message(self) -> str:
        """The line for a leak report."""
        needs = {"descriptor": self.is_open, "task": self.task is not None}
        needs["handles"] = sections.has_handles(self)
        by = " and ".join(who for who, does in needs.items() if does)
        return f"[Kcov {id(self):#x}] needed by {by or 'nobody'}"

    @property
    def mode(self) -> int:
        """The mode, after resetting an owner that has died. Preconditions: `shared` is held."""
        if self.shared.mode > KCOV_MODE_INIT and self.shared.owner_died():
            self._forget_owner()  # enable() repeats it if an exception arrives here
        return self.shared.mode

    def _forget_owner(self) -> None:
        """Forget an owner that ended without notice: a C thread that never released its thread
        state."""
        if self.task is not None:
            sections.unregister(self)
            self.task.kcov = None
            self.task = self.recorder = None
            self.release()

    def init(self, size: int) -> None:
        """DISABLED to INIT, with an area of `size` words. Raises OSError ENOMEM.

        Preconditions: `shared` is held, the mode is DISABLED.
        """
        assert self.mode == KCOV_MODE_DISABLED
        self.area.allocate(size)
        self.shared.size = size
        self.shared.mode = KCOV_MODE_INIT

    def enable(self, task: Task, trace_mode: int = KCOV_TRACE_PC, *, bitmap_words: int = 0) -> None:
        """INIT to TRACE_PC or TRACE_CMP, or, with a bitmap, UNIQUE_PC, owned by `task`. Raises
        OSError ENOMEM.

        Preconditions: `shared` is held, the mode is INIT, `task` owns no kcov, and at least 2 words
        follow the bitmap.
        """
        assert self.mode == KCOV_MODE_INIT
        assert task.kcov is None
        self._forget_owner()
        comparisons = trace_mode == KCOV_TRACE_CMP
        recorder = self._new_recorder(bitmap_words, comparisons)
        self.changing = task, get_ident()
        self.shared.bitmap_words = bitmap_words
        task.claim(self.shared)
        self.shared.sequence += 1
        if comparisons:
            self.shared.mode = KCOV_MODE_TRACE_CMP
        else:
            self.shared.mode = KCOV_MODE_UNIQUE_PC if bitmap_words else KCOV_MODE_TRACE_PC
        self.dropped = False
        self._own(task, recorder)

    def enable_remote(self, task: Task, arg: RemoteArg) -> None:
        """INIT to REMOTE, owned by `task`, whose own code is not recorded. Raises OSError.

        Preconditions: as for enable().
        """
        assert self.mode == KCOV_MODE_INIT
        assert task.kcov is None
        self._forget_owner()
        try:
            memory = self.area.memory()  # fails if the client has sealed it against writing
        except (OSError, MemoryError) as failed:
            raise fail(errno.ENOMEM) from failed
        self.changing = task, get_ident()
        self.shared.bitmap_words = 0
        self.shared.sequence += 1
        self.shared.restart(memory)
        error = sections.register(self, arg)
        if error:  # another thread was faster
            raise fail(error)
        task.claim(self.shared)
        self.remote_arg = arg
        self.shared.mode = KCOV_MODE_REMOTE
        self.dropped = False
        self.task, task.kcov = task, self
        task.inherit(arg.common_handle)

    def unsettled(self, is_dead: Callable[[int], bool] = has_died) -> int:
        """Number of sections of live processes that have begun but not published anything yet.
        is_dead: tells whether a process has died, from the number given to Shared.begin()."""
        with self.shared:
            for process in self.shared.processes():
                if is_dead(process):
                    self.shared.lost(self.memory(), process)
            _, began, settled, *_ = self.shared.tally()
        return max(began - settled, 0)

    def memory(self) -> mmap.mmap:
        """The area, and what follows it for a socket descriptor. Raises OSError ENOMEM."""
        return self.area.memory()

    def words(self) -> memoryview:
        """Only the area. Raises OSError ENOMEM."""
        return memoryview(self.memory())[: self.shared.size * WORD]

    def _new_recorder(self, bitmap_words: int, comparisons: bool) -> Recorder:
        try:
            return Recorder(
                self.words(),
                blocks=self.recording_mode == "blocks",
                bitmap_words=bitmap_words,
                comparisons=comparisons,
            )
        except (OSError, MemoryError) as error:
            raise fail(errno.ENOMEM) from error

    def _own(self, task: Task, recorder: Recorder) -> None:
        self.task, self.recorder = task, recorder
        task.kcov = self
        task.attach(recorder)

    def disable(self, task: Task) -> None:
        """Any mode that traces to INIT; area and contents stay. What is pending is consumed first.

        Preconditions: `shared` is held, `task` owns it.
        """
        assert task.kcov is self
        self._end(task)

    def _end(self, task: Task) -> None:
        """Disable it, however far `task` got with enabling it. Each step can be repeated.
        Preconditions: `shared` is held."""
        self.changing = task, get_ident()
        if (recorder := self.recorder) is not None:  # a restored owner has none
            task.detach()
            recorder.consume()
            pending = recorder.counters is not None and len(recorder.counters) > 0
            self.dropped = recorder.dropped or pending
        sections.unregister(self)
        if self.remote_arg is not None:
            task.inherit(0)
        if task.kcov is self:
            task.kcov = None
        self.task = self.recorder = self.remote_arg = None
        self.shared.mode = KCOV_MODE_INIT
        task.disclaim(self.shared)
        self.release()
        self.changing = None

    def reset(self) -> None:
        """Start over: set the bitmap, if any, and the count to 0, and drop what is pending.

        Preconditions: `shared` is held, the calling task owns it.
        """
        self.shared.reset(self.words(), self.area.fd, self.shared.bitmap_words)
        if self.recorder is not None and self.recorder.counters is not None:
            self.recorder.counters.clear()

    # -- called by the task -----------------------------------------------------------------------

    def task_work(self, task: Task) -> None:
        """Called when the kernel returns to its caller: turns counters into records in the area."""
        if task.kcov is self:
            if self.recorder is not None:  # a restored owner has none yet
                self.recorder.consume()
            task.register_work(self.task_work)

    def expect_work(self, task: Task) -> None:
        """Register task_work() again if it is due and an exception prevented that."""
        if self.recording_mode == "blocks" and task.kcov is self and self.recorder is not None:
            task.expect_work(self.task_work)

    def task_exit(self, task: Task) -> None:
        """Called when the owner has ended. Preconditions: `task` owns it."""
        under(self.shared, self._end, task)

    def task_forked(self) -> None:
        """In a forked child, forget the owner, a task of the parent; keep mode and area."""
        self.task = self.recorder = self.changing = None
        self.release()

    def task_resumed(self, task: Task) -> None:
        """Called when the restored owner, with its registered work, runs again."""
        with self.shared:
            task.claim(self.shared)
            if self.remote_arg is None:
                comparisons = self.shared.mode == KCOV_MODE_TRACE_CMP
                self._own(task, self._new_recorder(self.shared.bitmap_words, comparisons))
            else:
                sections.register(self, self.remote_arg)

    # -- saved state ------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but the recorder; a restored owner gets a new one when it resumes.

        Saving counts as a return from the kernel, so pending counters are consumed.
        """
        with self.shared:
            if self.recorder is not None:
                self.recorder.consume()
            return {
                "recording_mode": self.recording_mode,
                "mode": self.mode,
                "size": self.shared.size,
                "bitmap_words": self.shared.bitmap_words,
                "area": self.area,
                "task": self.task,
                "remote_arg": self.remote_arg,
                "dropped": self.dropped,
                "is_open": self.is_open,
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.changing, self.is_open = None, state["is_open"]
        self.recording_mode = state["recording_mode"]
        self.shared = Shared()
        self.shared.mode, self.shared.size = state["mode"], state["size"]
        self.shared.bitmap_words = state["bitmap_words"]
        self.area, self.task = state["area"], state["task"]
        self.recorder = None
        self.remote_arg, self.dropped = state["remote_arg"], state["dropped"]
        refs.keep(self)
