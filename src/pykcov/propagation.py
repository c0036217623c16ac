"""Opt-in context propagation: carry a section to threads, thread pools and greenlets."""

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

_followers: Counter[type] = Counter()  # by class, the calls of follow() still in force
_unwrap: dict[type, Callable[[], None]] = {}


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """Return a callable that runs `function` in the section that carried() was called in, whichever
    thread or greenlet calls it: `Thread(target=carried(f))`, `pool.submit(carried(f), x)`,
    `greenlet(carried(f))`. Outside a section, returns `function` itself."""
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
    """Run whatever `spawner` starts in the section of the code that starts it. Returns a function
    that ends this.

    spawner: a ThreadPoolExecutor, for its submit() and map(); the class ThreadPoolExecutor, for all
    pools of the process, including existing ones and the default executors of event loops; or the
    module gevent, for all Greenlets, however they are spawned.

    Raises TypeError for anything else.
    """
    # Not imported: that would register an exit function in every process that imports pykcov.
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
    raise TypeError(
        "spawner must be a ThreadPoolExecutor, the class ThreadPoolExecutor, or the module gevent, "
        f"not {spawner!r}"
    )


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
    """Wrap the class's submit(). Returns a function that undoes it."""
    plain: Any = kind.submit
    own = "submit" in vars(kind)

    @wraps(plain)
    def submit(self: Any, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> Any:
        call = carried(function) if _followers[kind] else function
        return plain(self, call, *args, **kwargs)

    def unwrap() -> None:
        if vars(kind).get("submit") is not submit:
            return  # somebody has wrapped ours; without followers it only passes calls on
        if own:
            kind.submit = plain  # type: ignore[method-assign]
        else:
            del kind.submit

    kind.submit = submit  # type: ignore[assignment]
    return unwrap


def _spawned(greenlet: Any) -> None:
    """Called when gevent starts a greenlet, whose context would otherwise be empty."""
    with quiet:
        recorder = probe.section()
        if recorder is not None and greenlet.gr_context is None:
            context = Context()
            context.run(probe.section_var.set, recorder)
            greenlet.gr_context = context
