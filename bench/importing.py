"""A process that imports modules, and prints how long that took, in ns, and what was imported.

    python -m bench.importing HOW NAMES PRELOADED

HOW: plain, imported (instrumented as they are imported), pruned (likewise, with prune=True), or
present (instrumented in place, when they are there: that is what is timed). NAMES: packages, or
modules of them, with commas. PRELOADED: modules that are loaded before the clock starts; they are
what these import that is not theirs.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
from time import thread_time_ns
from types import ModuleType
from typing import Any

import pykcov
from bench import machine


def theirs(names: list[str]) -> dict[str, ModuleType]:
    """Modules of the packages that are loaded."""
    packages = {name.partition(".")[0] for name in names}
    return {n: m for n, m in list(sys.modules.items()) if n.partition(".")[0] in packages}


def main(how: str, names_: str, preloaded: str) -> None:
    """Measure once, and print."""
    names = names_.split(",")
    for name in filter(None, preloaded.split(",")):
        importlib.import_module(name)
    packages = sorted({name.partition(".")[0] for name in names})
    assert not theirs(names)
    handle = None
    if how in ("imported", "pruned"):
        options: dict[str, Any] = {"prune": True} if how == "pruned" else {}
        handle = pykcov.instrument(source=packages, **options)
    gc.collect()
    machine.settle()
    with machine.first_in_line():
        start = thread_time_ns()
        for name in names:
            importlib.import_module(name)
        took = thread_time_ns() - start
    if how == "present":
        gc.collect()
        with machine.first_in_line():
            start = thread_time_ns()
            handle = pykcov.instrument(source=packages)
            took = thread_time_ns() - start
    loaded = theirs(names)
    files = {file for m in loaded.values() if (file := getattr(m, "__file__", None))}
    others = [name for name in sys.modules if name not in loaded and name != "__main__"]
    blocks = handle.blocks if handle else 0
    answer = {"ns": took, "files": sorted(files), "others": others, "blocks": blocks}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
