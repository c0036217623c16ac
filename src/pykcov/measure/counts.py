"""Process-wide counts: how often did this process execute each block, on any thread?

Modelled on gVisor's coverage package. Counts while enabled, independently of the kcovs of tasks,
which have their own counters.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

from pykcov import forks, probe
from pykcov.reader.symbolize import report as _report
from pykcov.reader.symbolize import symbolize
from pykcov.symbols.active import current_store, in_force

_CHUNK = 1 << 16  # PCs handed to a writer in one piece

_counters = probe.new_counters()
_spare = probe.new_counters()  # swapped in by take() while it reads the others
_lock = threading.RLock()  # one consumer at a time, or a block would be written twice


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # the thread that held it doesn't exist in the child


forks.in_child(_after_fork)


class Writer(Protocol):
    """What consume() writes to: a raw or buffered binary file, a socket's makefile, or the like."""

    def write(self, data: bytes, /) -> Any: ...


def available() -> bool:
    """Is anything instrumented?"""
    return in_force()


def enable() -> None:
    """Start counting the hits of all threads."""
    forks.notice()
    with probe.quiet, _lock:
        probe.count_everyone(_counters)


def disable() -> None:
    """Stop counting; counts are kept."""
    probe.count_everyone(None)


def clear() -> None:
    """Forget all hits."""
    forks.notice()
    with probe.quiet, _lock:
        _counters.clear()


def take() -> dict[int, int]:
    """Return how often each block was hit since the last clear(), by PC, and clear."""
    global _counters, _spare
    forks.notice()
    with probe.quiet, _lock:
        # Other threads go on counting, but no longer into the counters being read and cleared.
        taken, _counters = _counters, _spare
        if probe.everyone() is taken:
            probe.count_everyone(_counters)
        hits = dict(taken.hits())
        taken.clear()
        _spare = taken
    return hits


def consume(writer: Writer) -> int:
    """Write the PCs of the blocks hit since the last time, 8 bytes each, in native byte order.

    Returns the number of bytes written, which may be 0. Stops without an error if the writer is
    full: if a write is short, or raises EOFError. PCs not completely written are kept for the next
    time; the same applies if the writer raises another exception.
    """
    total = 0
    forks.notice()
    with probe.quiet, _lock:
        while data := _counters.pcs(_CHUNK):
            try:
                written = writer.write(data)
            except EOFError:
                break
            written = 0 if written is None else int(written)
            total += written
            _counters.drop(written // 8)
            if written < len(data):
                break
    return total


def report(writer: Any) -> None:
    """Write all blocks hit since the last clear(), consumed or not, symbolized, as text.

    Two lines per block: 0xPC, and file:line.column,line.column. Raises as SymbolStore.lookup().
    """
    with probe.quiet:
        for text in _report(symbolize((pc for pc, _ in _counters.hits()), current_store())):
            writer.write(text)
