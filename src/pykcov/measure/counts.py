"""The process-wide set: which blocks did this process execute, whoever ran them.

It follows gVisor's coverage package. The set counts while it is switched on, beside the kcovs of
tasks, which have counters of their own.
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
_spare = probe.new_counters()  # what take() puts in the place of those it reads
_lock = threading.RLock()  # one consumer at a time, or a block would be written twice


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # whoever held it is not in this process


forks.in_child(_after_fork)


class Writer(Protocol):
    """What consume() writes to: a raw or buffered binary file, a socket's makefile, or the like."""

    def write(self, data: bytes, /) -> Any: ...


def available() -> bool:
    """Is anything instrumented?"""
    return in_force()


def enable() -> None:
    """Begin to count the hits of all threads."""
    forks.notice()
    with probe.quiet, _lock:
        probe.count_everyone(_counters)


def disable() -> None:
    """Stop counting; what was counted stays."""
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
        # Others go on meanwhile: what is read and cleared is no more counted into.
        taken, _counters = _counters, _spare
        if probe.everyone() is taken:
            probe.count_everyone(_counters)
        hits = dict(taken.hits())
        taken.clear()
        _spare = taken
    return hits


def consume(writer: Writer) -> int:
    """Write the PCs of the blocks hit since the last time, 8 bytes each, in the machine's order.

    Returns the number of bytes written; nothing is written when there are none. Stops quietly at
    the writer's end: a write that takes less than it is given, or raises EOFError. What was not
    written whole stays for the next time, and so it does when the writer raises anything else.
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

    Two lines a block: 0xPC, and file:line.column,line.column. Raises as SymbolStore.lookup does.
    """
    with probe.quiet:
        for text in _report(symbolize((pc for pc, _ in _counters.hits()), current_store())):
            writer.write(text)
