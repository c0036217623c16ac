"""main(name): coverage.py's data of a workload, with pykcov beside it and without.

Prints a pickle of {(core, branch): (plain, beside)} as hexadecimal digits.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pickle
import sys
import warnings
from functools import partial
from pathlib import Path

import coverage
from tests.live.children import forked, warm_up
from tests.live.uses import USES

import pykcov

Data = dict[str, set[tuple[int, ...]]]

# coverage.py measures branches by sys.monitoring since 3.14 only.
CORES = [("ctrace", True), ("ctrace", False)] + [("sysmon", False)] * (sys.version_info >= (3, 12))


def files_of(module: str) -> list[str]:
    """The package's files, as a pattern for coverage.py."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    frozen = spec.origin == "frozen"
    origin = Path(spec.loader_state.filename if frozen else spec.origin or "")
    return [str(origin.parent / "*") if origin.name == "__init__.py" else str(origin)]


def measured(name: str, core: str, branch: bool, beside: bool) -> Data:
    """What coverage.py says ran."""
    os.environ["COVERAGE_CORE"] = core
    use = USES[name]
    with contextlib.ExitStack() as stack:
        if beside:
            stack.enter_context(pykcov.instrument(source=[use.subject]))
            stack.enter_context(pykcov.trace(1 << 24))
        patterns = files_of(use.subject)
        tool = coverage.Coverage(
            data_file=None, branch=branch, cover_pylib=True, include=patterns, config_file=False
        )
        with warnings.catch_warnings(action="ignore"), tool.collect():
            use.run()
        data = tool.get_data()
    found: Data = {}
    for file in data.measured_files():
        pairs = data.arcs(file) if branch else [(line,) for line in data.lines(file) or []]
        found[file] = {tuple(pair) for pair in pairs or []}
    return found


def main(name: str) -> None:
    """Print both, for each way to measure."""
    warm_up()
    answers = {}
    for core, branch in CORES:
        run = partial(measured, name, core, branch)
        answers[core, branch] = forked(partial(run, False)), forked(partial(run, True))
    print(pickle.dumps(answers).hex())
