"""What a comparison of two ints costs that is recorded, beside Atheris in its own loop.

    python bench/comparisons.py

Each variant is a process of its own; rounds are interleaved, figures are medians over them, and of
the differences from the plain loop in the same round. Atheris is measured where it is installed
(pip install atheris), inside atheris.Fuzz().
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

ROUNDS = 7
TURNS = 200_000
SIZE = 1 << 20  # words: room for all records of a run
PROGRAM = """\
def two(n, y):
    hits = 0
    for x in range(n):
        if x == y:
            hits += 1
    return hits

def constant(n, y):
    hits = 0
    for x in range(n):
        if x == 123456789:
            hits += 1
    return hits
"""
FUNCTIONS = ("two", "constant")
VARIANTS = ("plain", "blocks", "not recorded", "recorded", "atheris")


def timed(function: Callable[[int, int], int]) -> float:
    """Nanoseconds a turn."""
    begin = perf_counter_ns()
    function(TURNS, -1)
    return (perf_counter_ns() - begin) / TURNS


def measure(variant: str) -> list[float]:
    """In a process of its own: one figure for each of FUNCTIONS."""
    if variant == "atheris":
        return under_atheris()
    import pykcov

    if variant != "plain":
        pykcov.instrument(include=["**/compared.py"], comparisons=variant != "blocks")
    module = importlib.import_module("compared")
    found = []
    for name in FUNCTIONS:
        function = getattr(module, name)
        if variant == "recorded":
            with pykcov.trace(SIZE, comparisons=True) as t:
                function(TURNS, -1)  # the area's pages are there from now on
                t.clear()
                found.append(timed(function))
            assert len(t.records) == TURNS
        else:
            function(TURNS, -1)
            found.append(timed(function))
    return found


def under_atheris() -> list[float]:
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["compared"]):
        module = importlib.import_module("compared")

    def once(_: bytes) -> None:
        functions = [getattr(module, name) for name in FUNCTIONS]
        for function in functions:
            function(TURNS, -1)
        print(*(timed(function) for function in functions), flush=True)
        os._exit(0)

    atheris.Setup([sys.argv[0], "-runs=1", "-verbosity=0"], once)
    atheris.Fuzz()
    raise AssertionError


def main() -> None:
    """Print the figures of each variant."""
    variants = list(VARIANTS)
    if importlib.util.find_spec("atheris") is None:
        variants.remove("atheris")
        print("Atheris is not installed: pip install atheris")
    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as folder:
        (Path(folder) / "compared.py").write_text(PROGRAM, encoding="utf-8")
        path = os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])
        env = {**os.environ, "PYTHONPATH": path, "PYKCOV_STORE": f"{folder}/symbols.sqlite"}
        figures: dict[str, list[list[float]]] = {variant: [] for variant in variants}
        for _ in range(ROUNDS):
            for variant in variants:
                command = [sys.executable, "-W", "ignore", __file__, variant]
                done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
                figures[variant].append([float(word) for word in done.stdout.split()])
    for n, name in enumerate(FUNCTIONS):
        print(f"int == {'constant' if name == 'constant' else 'int'}, ns a turn of the loop:")
        for variant in variants:
            rows = [row[n] for row in figures[variant]]
            more = statistics.median(
                row - own[n] for row, own in zip(rows, figures["plain"], strict=True)
            )
            print(f"  {variant:14}{statistics.median(rows):7.1f}   {more:+7.1f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*measure(sys.argv[1]))
    else:
        main()
