"""Pure-Python programs of pyperformance, from its package's data files.

Each of its benchmarks is a folder with a run_benchmark.py, whose functions are called directly,
without pyperf's runner; sizes are such that a call takes some 5 to 50 ms. Every third, by name, is
held out: it is measured with --held-out only, so that nothing gets tuned to all of them.
"""

from __future__ import annotations

import bz2
import importlib
import importlib.util
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from bench.programs import PYPERFORMANCE, Program, installed

Call = Callable[[], Any]


def _chaos(m: ModuleType) -> Call:
    """The game is made in main(), which hands it to a runner."""
    made: list[Call] = []
    runner = SimpleNamespace(
        metadata={}, bench_func=lambda _, function, *args: made.append(partial(function, *args))
    )
    size = {"width": 64, "height": 64, "iterations": 2000}
    m.main(runner, SimpleNamespace(thickness=0.25, filename=None, rng_seed=1234, **size))
    return made[0]


def _coroutines(m: ModuleType) -> Call:
    def run() -> int:
        coroutine = m.fibonacci(18)
        try:
            while True:
                coroutine.send(None)
        except StopIteration as end:
            return int(end.value)

    return run


def _generators(m: ModuleType) -> Call:
    tree = m.tree(range(2000))
    return lambda: sum(tree)


def _go(m: ModuleType) -> Call:
    vars(m)["GAMES"] = 5
    return lambda: m.versus_cpu()


def _meteor_contest(m: ModuleType) -> Call:
    """The first 6 of the solutions: the 60 of the original take long."""
    board, cti, pieces = m.get_puzzle(m.WIDTH, m.HEIGHT)
    footprints, senh = m.get_footprints(board, cti, pieces), m.get_senh(board, cti)

    def run() -> list[Any]:
        found: list[Any] = []
        cells, numbers = range(len(board)), list(range(len(pieces)))
        m.solve(6, 0, frozenset(cells), [-1] * len(board), numbers, found, footprints, senh)
        return found

    return run


def _pyflate(m: ModuleType) -> Call:
    """Its own file takes seconds: a smaller one, of its own text."""
    packed = bz2.compress(Path(m.__file__ or "").read_bytes()[:4000])

    def run() -> Any:
        field = m.RBitfield(io.BytesIO(packed))
        field.readbits(16)
        return m.bzip2_main(field)

    return run


def _spectral_norm(m: ModuleType) -> Call:
    vars(m)["DEFAULT_N"] = 32
    return lambda: m.bench_spectral_norm(1) and None


# How each is called. What a bench_* function returns is a time, and no result.
CALLS: dict[str, Callable[[ModuleType], Call]] = {
    "barnes_hut": lambda m: lambda: m.bench_quadtree_nbody(1, 60, 2, m.DEFAULT_THETA) and None,
    "chaos": _chaos,
    "comprehensions": lambda m: lambda: m.bench_comprehensions(20) and None,
    "coroutines": _coroutines,
    "deltablue": lambda m: lambda: m.delta_blue(200),
    "fannkuch": lambda m: lambda: m.fannkuch(7),
    "float": lambda m: lambda: repr(m.benchmark(4000)),
    "generators": _generators,
    "go": _go,
    "hexiom": lambda m: lambda: m.main(1, m.DEFAULT_LEVEL) and None,
    "meteor_contest": _meteor_contest,
    "nbody": lambda m: lambda: m.bench_nbody(1, m.DEFAULT_REFERENCE, 800) and None,
    "nqueens": lambda m: lambda: m.bench_n_queens(6),
    "pyflate": _pyflate,
    "raytrace": lambda m: lambda: m.bench_raytrace(1, 14, 14, None) and None,
    "richards": lambda m: lambda: m.Richards().run(1),
    "scimark_sor": lambda m: lambda: m.bench_SOR(1, 40, 5, m.Array2D) and None,
    "spectral_norm": _spectral_norm,
}
MODULE = "run_benchmark"
FOLDERS = {"scimark_sor": "bm_scimark"}


def _load(name: str) -> Call:
    return CALLS[name](importlib.import_module(MODULE))


def programs() -> list[Program]:
    """Return them; none where pyperformance is not installed."""
    if not installed("pyperformance", "pyperf"):
        return []
    spec = importlib.util.find_spec("pyperformance")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data-files" / "benchmarks"
    return [
        Program(
            name,
            PYPERFORMANCE,
            (MODULE,),
            partial(_load, name),
            folder / FOLDERS.get(name, f"bm_{name}"),
            held_out=n % 3 == 2,
        )
        for n, name in enumerate(CALLS)
    ]
