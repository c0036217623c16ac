"""Exit hooks for ends of a process without atexit: os._exit(), exec, and SIGTERM.

Saving there is visible to the program: os._exit is replaced, and SIGTERM gets a handler, which runs
only when the main thread returns from C code. So all of this is opt-in, in [tool.pykcov], with
coverage.py's names.
"""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PATCHES = {"_exit": ("_exit",), "execv": ("execv", "execve")}  # os's other exec functions call them

_plain: dict[str, Any] = {}  # the original functions of os
_ours: dict[str, Any] = {}
_handler: Callable[..., None] | None = None


# Environment variables: what Python processes started by this one count, and under which context.
COUNT, CONTEXT = "PYKCOV_COUNT", "PYKCOV_CONTEXT"


def _with_count(env: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a new program's environment, with these variables added from this process's own."""
    own = {name: os.environ[name] for name in (COUNT, CONTEXT) if name in os.environ}
    return {**env, **own}


def _saving(plain: Callable[..., Any], save: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(plain)
    def end(*args: Any, **kwargs: Any) -> Any:
        save()
        if plain.__name__ == "execve" and len(args) == 3:
            args = (*args[:2], _with_count(args[2]))
        elif plain.__name__ == "execve" and "env" in kwargs:
            kwargs["env"] = _with_count(kwargs["env"])
        return plain(*args, **kwargs)

    return end


def _die() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def watch(
    save: Callable[[], None],
    terminate: Callable[[Callable[[], None]], None],
    patch: Iterable[str],
    sigterm: bool,
) -> None:
    """Call save() before the functions that `patch` names in PATCHES. With `sigterm`, call
    terminate(die) at a SIGTERM that the program does not handle itself.

    terminate: saves, then calls its argument. SIGTERM is left alone outside the main thread, which
    alone may set handlers.
    """
    global _handler
    for name in (name for key in patch for name in PATCHES.get(key, ())):
        _plain[name] = getattr(os, name)
        _ours[name] = _saving(_plain[name], save)
        setattr(os, name, _ours[name])
    if (
        sigterm
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        _handler = lambda *_: terminate(_die)  # noqa: E731 - a new one each time
        signal.signal(signal.SIGTERM, _handler)


def unwatch() -> None:
    """Restore whatever the program has not replaced since."""
    global _handler
    for name, ours in _ours.items():
        if getattr(os, name) is ours:
            setattr(os, name, _plain[name])
    _ours.clear()
    if (
        _handler is not None
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is _handler
    ):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _handler = None
