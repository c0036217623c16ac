"""The cycle of whoever measures call by call: reset, run, read. An empty function is run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pykcov
from bench import made
from bench.areas import KeptArea
from bench.programs import installed
from bench.turns import in_turns, median

Cycle = Callable[[], Any]


def _coverage(core: str, module: Any) -> Cycle:
    """Erase, start, call, stop, and read which lines ran."""
    import coverage

    measure = coverage.Coverage(data_file=None, config_file=False, include=[module.__file__])
    measure.set_option("run:core", core)

    def cycle() -> None:
        measure.erase()
        measure.start()
        module.empty()
        measure.stop()
        if measure.get_data().lines(module.__file__) != [2]:
            raise RuntimeError(f"coverage.py's {core} has not seen the line")

    return cycle


def bench(folder: Path, turns: int) -> dict[str, float]:
    """Return what one cycle takes, in microseconds."""
    folder.joinpath("made_empty.py").write_text("def empty():\n    pass\n", encoding="utf-8")
    with pykcov.instrument(include=[str(folder / "made_empty.py")]):
        module = made.load(folder, "made_empty")
        empty, kept, trace = module.empty, KeptArea(1 << 16), pykcov.trace()
        words = kept.words

        def kept_area() -> None:
            words[0] = 0
            empty()
            assert words[0] == 1

        def cleared() -> None:
            trace.clear()
            empty()
            assert len(trace.pcs) == 1

        def opened() -> None:
            with pykcov.trace() as t:
                empty()
            assert len(t.pcs) == 1

        cycles: dict[str, tuple[Cycle, int]] = {  # how, and how often in a turn
            "an empty function": (empty, 2000),
            "kept area": (kept_area, 2000),
            "trace(), clear()": (cleared, 500),
            "trace() each time": (opened, 20),
        }
        if installed("coverage"):
            cycles["coverage ctrace"] = (_coverage("ctrace", module), 3)
            if hasattr(sys, "monitoring"):
                cycles["coverage sysmon"] = (_coverage("sysmon", module), 3)

        def repeated(cycle: Cycle, times: int) -> Callable[[], None]:
            def repeat() -> None:
                for _ in range(times):
                    cycle()

            return repeat

        within: dict[str, Callable[[], AbstractContextManager[Any]]] = {
            "kept area": kept.enabled,
            "trace(), clear()": lambda: trace,
        }
        variants = {name: repeated(*how) for name, how in cycles.items()}
        took = in_turns(variants, turns, within=within)
    return {name: median(values, 1000 * cycles[name][1]) for name, values in took.items()}
