"""What a new thread inherits from the one that starts it: the common handle, but not the section.

Each thread has its own context. Up to 3.13 that starts empty, so the handle is kept beside the
thread object. Since 3.14, threads can inherit their starter's context (-X thread_inherit_context,
the default without the GIL). Then the handle comes with it; but so would the section, which would
then record two threads at once.
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
    """Return the calling task's common handle: that of its own KCOV_REMOTE_ENABLE, or the one it
    inherited from the task that started it; 0 if there is none.

    Asyncio tasks, threads and forked children inherit it. When the task that enabled it disables,
    they keep the number, but it no longer means anything. They mark what they do on behalf of that
    task with `with pykcov.remote(common=common_handle())`.
    """
    with quiet:
        return _common.get() or _of_threads.get(threading.current_thread(), 0)


def set_common_handle(handle: int) -> None:
    """Set the calling task's common handle, for tasks started from now on to inherit; 0: none."""
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
    """Make threads started from now on inherit the common handle. Repeated calls do nothing."""
    if threading.Thread.start is _plain:
        threading.Thread.start = _start  # type: ignore[method-assign]
