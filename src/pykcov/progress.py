"""Progress bars for long work, on a terminal and if rich is installed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
# Work that is done by then shows no bar, and doesn't import rich, which the measured program may
# import itself.
SECONDS = 0.5


def _bar(text: str, total: int | None) -> Callable[[int], Any] | None:
    """Show a bar on stderr. Returns a function to call with the number done; -1 means all."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    except ImportError:
        return None
    counted = [MofNCompleteColumn()] if total is not None else []
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), *counted,
        console=Console(stderr=True), transient=True, auto_refresh=total is None,
    )  # fmt: skip
    task = bar.add_task(text, total=total)
    bar.start()

    def told(done: int) -> None:
        if done < 0:
            bar.stop()
        else:
            bar.update(task, completed=done, refresh=True)

    return told


def progress(items: Sequence[T], text: str) -> Iterator[T]:
    """Yield the items, with a progress bar on stderr if that takes long."""
    begun = shown = time.monotonic()
    tell: Callable[[int], Any] | None = None
    asked = False
    try:
        for done, item in enumerate(items):
            now = time.monotonic()
            if not asked and now - begun >= SECONDS:
                asked, tell = True, _bar(text, len(items))
            if tell is not None and now - shown >= 0.1:
                shown = now
                tell(done)
            yield item
    finally:
        if tell is not None:
            tell(-1)


@contextmanager
def working(text: str) -> Iterator[None]:
    """A context manager that shows on stderr that work of unknown length is in progress."""
    tell = _bar(text, None)
    try:
        yield
    finally:
        if tell is not None:
            tell(-1)
