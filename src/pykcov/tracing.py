"""trace(): what did this call execute?"""

from __future__ import annotations

import errno
import operator
import sys
from array import array
from types import TracebackType
from typing import Self

from pykcov import forks, probe
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_TRACE_CMP,
    KCOV_TRACE_PC,
    WORD,
)
from pykcov.device.area import whole_pages
from pykcov.device.descriptor import Descriptor
from pykcov.device.descriptor import open as open_device
from pykcov.device.task import ContextTask, Task, ThreadTask
from pykcov.errors import fail
from pykcov.probe.steps import as_whole
from pykcov.reader.comparisons import Compared, Comparison, Record
from pykcov.reader.comparisons import comparisons as join
from pykcov.reader.decode import Records
from pykcov.reader.symbolize import symbolize
from pykcov.symbols.active import current_store
from pykcov.symbols.blocks import Block
from pykcov.symbols.store import SymbolStore


def _in_asyncio_task() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        return asyncio.current_task() is not None
    except RuntimeError:  # no running loop
        return False


def _in_trio_task() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def _in_greenlet() -> bool:
    """Can other greenlets run on this thread while the current one waits?

    The root greenlet is the thread's own code; it waits for others if the thread has a hub.
    """
    greenlet = sys.modules.get("greenlet")
    if greenlet is None or not hasattr(greenlet, "getcurrent"):
        return False
    if greenlet.getcurrent().parent is not None:
        return True
    gevent, eventlet = sys.modules.get("gevent._hub_local"), sys.modules.get("eventlet.hubs")
    return (gevent is not None and gevent.get_hub_if_exists() is not None) or (
        eventlet is not None and hasattr(eventlet._threadlocal, "hub")
    )


def _current_task() -> Task:
    """Return the caller's task: its context if several tasks share the thread, else the thread."""
    if _in_asyncio_task() or _in_trio_task() or _in_greenlet():
        return ContextTask()
    return ThreadTask.current()


class trace:  # noqa: N801
    """Record what the `with` block executes, on this thread, or in this task or greenlet.

    size: the area's size in 64-bit words, rounded up to whole pages; it holds one PC less.
    recording_mode: "trace" records every block in order; "blocks" records each block once, in order
    of first hits. comparisons: record comparisons instead of blocks, in code instrumented with
    instrument(comparisons=True) (docs/comparisons.md).

    Inside an asyncio or trio task, or a greenlet, the trace covers that task's context and contexts
    copied from it (create_task, gather, to_thread); elsewhere it covers the OS thread, whatever
    runs on it.

    Raises OSError: EBUSY inside another trace(), or if this thread has a kcov enabled; ENOENT if
    nothing is instrumented; 524 (ENOTSUPP) if no comparisons are instrumented; EINVAL or ENOMEM if
    the size is out of range or can't be allocated; EINVAL on leaving the block on another thread
    than it was entered on (which goes on recording until it ends). Raises TypeError if size is not
    an integer, ValueError for an unknown recording mode.
    """

    def __init__(
        self, size: int = 1 << 16, *, recording_mode: str = "trace", comparisons: bool = False
    ) -> None:
        if not hasattr(size, "__index__"):
            raise TypeError(f"size must be a number of words, not {size!r}")
        self.size = whole_pages(operator.index(size))
        self.recording_mode = recording_mode
        self._mode = KCOV_TRACE_CMP if comparisons else KCOV_TRACE_PC
        self._entering = False  # half entered: an exception now ends the trace
        self._descriptor: Descriptor | None = None
        self._task: Task | None = None
        self._records: Records | None = None
        self._compared: list[Record] = []
        self._pcs = array(
            "Q"
        )  # copied at the end, so that a kept trace holds no area or descriptor
        self._store: SymbolStore | None = None  # set when it is entered
        self._overflowed = False

    def _stop(self) -> None:
        """Stop recording. Each step can be repeated: an exception may arrive at any point."""
        forks.notice()
        descriptor, task = self._descriptor, self._task
        if descriptor is None:
            return
        if not descriptor.closed:
            if task is not None and descriptor.owner is task:  # not in a forked child
                if not task.runs_here():
                    descriptor.close()
                    self._descriptor = None
                    raise fail(errno.EINVAL)
                descriptor.ioctl(KCOV_DISABLE, 0, task=task)
            self._overflowed = descriptor.dropped
            descriptor.close()
        if self._records is not None:
            self._pcs, self._compared = self._records.pcs(), self._records.compared()
            self._records = None
        self._task = self._descriptor = None

    def _abandon(self) -> None:
        if self._entering:
            self._stop()
            self._entering = False

    @as_whole(mend=_abandon, gives=...)
    def __enter__(self) -> Self:  # type: ignore[return]
        if self._descriptor is not None:
            raise fail(errno.EBUSY)
        if probe.attached() is not None or probe.section() is not None:
            raise fail(errno.EBUSY, "this thread or context is already being traced")
        self._entering = True
        self._task = task = _current_task()
        self._descriptor = descriptor = open_device(self.recording_mode)
        self._store = current_store()
        descriptor.ioctl(KCOV_INIT_TRACE, self.size)
        kind = Compared if self._mode == KCOV_TRACE_CMP else Records
        self._records = kind(descriptor.mmap(self.size * WORD))
        descriptor.ioctl(KCOV_ENABLE, self._mode, task=task)
        self._entering = False  # the last step: from here on it is entered

    @as_whole(mend=_stop)
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def __repr__(self) -> str:
        state = "not recording" if self._descriptor is None else "recording"
        full = " overflowed" if self.overflowed else ""
        count = len(self.records) if self._mode == KCOV_TRACE_CMP else len(self.pcs)
        return f"<pykcov.trace {state} records={count}{full}>"

    def clear(self) -> None:
        """Discard the records so far: store 0 into the count, as kcov clients do."""
        if self._records is not None:
            self._records.clear()

    @property
    def pcs(self) -> array[int]:
        """The PCs recorded so far, in order (array of type 'Q'); empty with comparisons=True."""
        return self._pcs if self._records is None else self._records.pcs()

    @property
    def records(self) -> list[Record]:
        """The comparison records so far, in order: (type, arg1, arg2, pc)."""
        with probe.quiet:
            return self._compared if self._records is None else self._records.compared()

    @property
    def comparisons(self) -> list[Comparison]:
        """The comparisons recorded so far, in order. Raises PykcovError as symbolize() does."""
        with probe.quiet:
            return list(join(self.records, self._store or current_store()))

    @property
    def blocks(self) -> list[Block]:
        """The blocks recorded so far, in order. Raises PykcovError as symbolize() does."""
        with probe.quiet:
            return symbolize(self.pcs, self._store or current_store())

    @property
    def overflowed(self) -> bool:
        """Was a record dropped because the area was full?"""
        with probe.quiet:
            return self._overflowed if self._descriptor is None else self._descriptor.dropped
