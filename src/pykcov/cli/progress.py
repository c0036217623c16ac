"""Progress of long work: on a terminal, and where rich is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def progress(items: Sequence[T] | Iterable[T], text: str) -> Iterator[T]:
    """Yield the items, with a bar on stderr."""
    if sys.stderr is not None and sys.stderr.isatty():
        try:
            from rich.console import Console
            from rich.progress import track
        except ImportError:
            pass
        else:
            yield from track(items, text, console=Console(stderr=True), transient=True)
            return
    yield from items
