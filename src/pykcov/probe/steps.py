"""as_whole: makes a function leave nothing half done, whatever exception arrives in between."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from pykcov.probe._core import Whole

P = ParamSpec("P")
R = TypeVar("R")


def _nothing(*_: object) -> None:
    """The default for `mend`: does nothing."""


def as_whole(
    mend: Callable[..., object] | None = None, gives: object = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function so that it is not recorded, and not interrupted by signal handlers.

    mend: cleans up if the function raises. It is called with the function's first argument until it
    returns; it undoes or finishes what was begun, and may be interrupted itself. None: nothing to
    clean up. gives: the result if the function returns None; Ellipsis stands for its first
    argument, Done for an awaitable with that result. If nothing may follow its last step, the
    function must have no `return`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        whole: Any = Whole(function, mend or _nothing, gives)
        return cast("Callable[P, R]", functools.update_wrapper(whole, function))

    return decorate
