"""What is instrumented in this process, and the store its PCs come from."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from pykcov import forks
from pykcov.symbols.store import SymbolStore


class Handle(Protocol):
    """What one instrument() has instrumented (instrumentation/session.py).

    blocks: number of blocks with a probe. comparisons: whether comparisons have probes, too.
    """

    @property
    def store(self) -> SymbolStore: ...
    @property
    def blocks(self) -> int: ...
    @property
    def comparisons(self) -> bool: ...


lock = threading.RLock()  # guards handles, and the hooks of instrumentation
handles: Sequence[Handle] = ()  # in force, in the order of their instrument()


def _after_fork() -> None:
    global lock
    lock = threading.RLock()  # the thread that held it doesn't exist in the child


forks.in_child(_after_fork)


def current_store() -> SymbolStore:
    """Return the store that the PCs of this process come from."""
    return handles[-1].store if handles else SymbolStore()


def in_force() -> bool:
    """Is an instrument() in force?"""
    return bool(handles)


def comparisons_in_force() -> bool:
    """Is an instrument(comparisons=True) in force?"""
    return any(handle.comparisons for handle in handles)


def instrumented_blocks() -> int:
    """Number of blocks that have a probe in this process."""
    with lock:
        return sum(handle.blocks for handle in handles)
