"""as_whole: a function that leaves nothing half done, whatever exception comes in between."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from pykcov.probe._core import Whole

P = ParamSpec("P")
R = TypeVar("R")


def _nothing(*_: object) -> None:
    """What is to be mended where nothing is."""


def as_whole(
    mend: Callable[..., object] | None = None, gives: object = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function that nothing is recorded in, and that no signal handler interrupts.

    mend: called when the function has raised, with its first argument, until it returns: it undoes
    the rest of what was begun, or finishes it, and may be interrupted itself; None: nothing is to
    be mended. gives: the result
    where the function returns None; Ellipsis stands for its first argument, Done for an awaitable
    with that result. A function that nothing may follow the last step of has no `return`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        whole: Any = Whole(function, mend or _nothing, gives)
        return cast("Callable[P, R]", functools.update_wrapper(whole, function))

    return decorate
