"""What a new thread takes over from the one that starts it: the common handle, and no section.

A thread has a context of its own. Up to 3.13 that is empty, so the handle is kept beside the thread
object. From 3.14 on a Python may be told to have threads inherit their starter's context (-X
thread_inherit_context, the default where there is no GIL): then the handle comes with it, and a
section would, too, and would record two threads at once.
"""

from __future__ import annotations

import sys
import threading
import weakref
from contextvars import ContextVar, copy_context
from functools import wraps

from pykcov.probe import quiet, section_var

_common: ContextVar[int] = ContextVar("pykcov_common_handle", default=0)
_of_threads: weakref.WeakKeyDictionary[threading.Thread, int] = weakref.WeakKeyDictionary()
_plain = threading.Thread.start
INHERITS = bool(getattr(sys.flags, "thread_inherit_context", False))


def common_handle() -> int:
    """Return the common handle of the calling task: that of its own KCOV_REMOTE_ENABLE, or what it
    inherited from who started it; 0 if there is none.

    Asyncio tasks, threads and forked children inherit it, until the task that enabled disables for
    itself; theirs stays, and then means nothing. `with pykcov.remote(common=common_handle())` marks
    what they do on behalf of that task.
    """
    with quiet:
        return _common.get() or _of_threads.get(threading.current_thread(), 0)


def set_common_handle(handle: int) -> None:
    """Set the calling task's, which what it starts from now on inherits; 0 for none."""
    with quiet:
        _common.set(handle)
        if handle:
            install()


@wraps(_plain)
def _start(self: threading.Thread) -> None:
    with quiet:
        if handle := common_handle():
            _of_threads[self] = handle
        if INHERITS and getattr(self, "_context", False) is None:  # else it was given one
            self._context = copy_context()  # type: ignore[attr-defined]
            self._context.run(section_var.set, None)  # type: ignore[attr-defined]
    _plain(self)


def install() -> None:
    """Have threads that are started from now on take over what they are to. Twice is once."""
    if threading.Thread.start is _plain:
        threading.Thread.start = _start  # type: ignore[method-assign]
