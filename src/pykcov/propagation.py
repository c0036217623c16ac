"""Taking a section along to where contexts do not go: threads, pools of them, greenlets. Opt-in."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from contextvars import Context
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pykcov import probe
from pykcov.device.inside import Inside
from pykcov.probe import quiet

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

P = ParamSpec("P")
R = TypeVar("R")

_followers: Counter[type] = Counter()  # calls of follow() for a class that have not been ended
_unwrap: dict[type, Callable[[], None]] = {}


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """Return a callable that runs `function` in the section of the caller of carried(), whatever
    thread or greenlet calls it: `Thread(target=carried(f))`, `pool.submit(carried(f), x)`,
    `greenlet(carried(f))`. Without a section it is `function` itself."""
    with quiet:
        recorder = probe.section()
        if recorder is None:
            return function

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with Inside(recorder):
            return function(*args, **kwargs)

    return call


def follow(spawner: Any) -> Callable[[], None]:
    """Have what `spawner` starts run in the section of the code that starts it; call what is
    returned to end that.

    spawner: a ThreadPoolExecutor, for its submit() and map(); the class ThreadPoolExecutor, for all
    pools of the process, including those that exist and the default executors of event loops; or
    the module gevent, for all Greenlets, however they are spawned.

    Raises TypeError for anything else.
    """
    # Not imported here: that would leave a function for the end of each process that has pykcov.
    threads: Any = sys.modules.get("concurrent.futures.thread")
    if threads is not None and isinstance(spawner, threads.ThreadPoolExecutor):
        return _follow_pool(spawner)
    if (
        threads is not None
        and isinstance(spawner, type)
        and issubclass(spawner, threads.ThreadPoolExecutor)
    ):
        return _follow_class(spawner)
    if isinstance(spawner, ModuleType) and spawner.__name__ == "gevent":
        spawner.Greenlet.add_spawn_callback(_spawned)
        return lambda: spawner.Greenlet.remove_spawn_callback(_spawned)
    raise TypeError(f"a ThreadPoolExecutor, that class, or the module gevent, not {spawner!r}")


def _follow_pool(pool: ThreadPoolExecutor) -> Callable[[], None]:
    plain: Any = pool.submit

    @wraps(plain)
    def submit(function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Any:
        return plain(carried(function), *args, **kwargs)

    def end() -> None:
        if vars(pool).get("submit") is submit:
            del vars(pool)["submit"]

    vars(pool)["submit"] = submit
    return end


def _follow_class(kind: type[ThreadPoolExecutor]) -> Callable[[], None]:
    if not _followers[kind]:
        _unwrap[kind] = _wrap(kind)
    _followers[kind] += 1
    over = False

    def end() -> None:
        nonlocal over
        if not over:
            over = True
            _followers[kind] -= 1
            if not _followers[kind]:
                _unwrap.pop(kind)()

    return end


def _wrap(kind: type[ThreadPoolExecutor]) -> Callable[[], None]:
    """Wrap the class's submit(); returns what takes that back."""
    plain: Any = kind.submit
    own = "submit" in vars(kind)

    @wraps(plain)
    def submit(self: Any, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Any:
        call = carried(function) if _followers[kind] else function
        return plain(self, call, *args, **kwargs)

    def unwrap() -> None:
        if vars(kind).get("submit") is not submit:
            return  # somebody has wrapped ours in turn; without followers it only passes calls on
        if own:
            kind.submit = plain  # type: ignore[method-assign]
        else:
            del kind.submit

    kind.submit = submit  # type: ignore[assignment]
    return unwrap


def _spawned(greenlet: Any) -> None:
    """gevent starts a greenlet; its context would be empty."""
    with quiet:
        recorder = probe.section()
        if recorder is not None and greenlet.gr_context is None:
            context = Context()
            context.run(probe.section_var.set, recorder)
            greenlet.gr_context = context
