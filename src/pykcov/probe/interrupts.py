"""Keeps the garbage collector and signal handlers, which interrupt a task, out of its trace.

The collector calls gc.callbacks; ours come first at its start and last at its stop. Signal handlers
are recognized by a wrapper, added where handlers are set: in `_signal.signal`, which signal.signal
calls. `_signal.getsignal`, and the old handler that signal() returns, are unwrapped, so the program
never sees the wrapper.

Not recognized: handlers that C code sets itself, and Python code that a trace function runs.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import signal
import threading
from collections.abc import Callable
from typing import Any

from pykcov.probe._core import (
    gc_start,
    gc_stop,
    hook_signal,
    signal_flags,
)

_plain_signal: Callable[[int, Any], Any] = _signal.signal
_plain_getsignal: Callable[[int], Any] = _signal.getsignal
_signal_hook, _getsignal_hook = hook_signal(
    _plain_signal, _plain_getsignal, signal.default_int_handler
)
_installed = False


def _reset_present() -> None:
    """Set each Python handler again, which wraps or unwraps it. Only the main thread can do that;
    on other threads existing handlers stay, and only those set later are recognized.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in signal.valid_signals():
        present = _getsignal_hook(number)
        if callable(present) and present is not signal.default_int_handler:
            # signal() makes system calls restart; signal.siginterrupt() may have said otherwise.
            flags = signal_flags(number, -1)
            _signal.signal(number, present)
            signal_flags(number, flags)


def install() -> None:
    """Start keeping interrupts out. Repeated calls do nothing."""
    global _installed
    if not _installed:
        _installed = True
        gc.callbacks.insert(0, gc_start)
        gc.callbacks.append(gc_stop)
        _signal.signal, _signal.getsignal = _signal_hook, _getsignal_hook
        _reset_present()


def uninstall() -> None:
    """Leave the process as it was before install()."""
    global _installed
    if _installed:
        _installed = False
        for callback in (gc_start, gc_stop):
            if callback in gc.callbacks:
                gc.callbacks.remove(callback)
        if _signal.signal is _signal_hook:
            _signal.signal, _signal.getsignal = _plain_signal, _plain_getsignal
        _reset_present()
