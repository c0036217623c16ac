"""Things that are measured in one process, in turns."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import thread_time_ns
from typing import Any

from bench.machine import first_in_line

Measured = dict[str, list[float]]


def in_turns(
    variants: Mapping[str, Callable[[], Any]],
    turns: int,
    *,
    within: Mapping[str, Callable[[], AbstractContextManager[Any]]] | None = None,
    clock: Callable[[], int] = thread_time_ns,
) -> Measured:
    """Return what each variant took, in ns, in each turn. Nothing is collected meanwhile.

    within: what is entered before the clock starts, for variants that need it.
    """
    took: Measured = {name: [] for name in variants}
    gc.collect()
    gc.disable()
    try:
        for turn in range(-1, turns):  # the first one warms up
            for name, variant in variants.items():
                with (within or {}).get(name, nullcontext)(), first_in_line():
                    start = clock()
                    variant()
                    ns = clock() - start
                if turn >= 0:
                    took[name].append(ns)
    finally:
        gc.enable()
    return took


def median_ratio(above: list[float], below: list[float]) -> float:
    """The median of the ratios of each turn."""
    return round(statistics.median(a / b for a, b in zip(above, below, strict=True)), 4)


def median(values: Sequence[float], divided_by: float = 1) -> float:
    """The median of figures, to four significant digits."""
    return float(f"{statistics.median(values) / divided_by:.4g}")
