"""make bench: what a recorded hit costs beside an empty one, loop-heavy programs beside themselves.

All variants run interleaved in one process; figures are medians over the rounds, and ratios are of
medians. Absolute times on a shared machine mean little.
"""

from __future__ import annotations

import argparse
import dis
import gc
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from time import perf_counter_ns
from types import CodeType, FunctionType, ModuleType
from typing import Any

os.environ["PYKCOV_STORE"] = str(Path(tempfile.mkdtemp(prefix="pykcov-bench-")) / "symbols.sqlite")

import pykcov
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_RESET_TRACE,
    KCOV_TRACE_PC,
    KCOV_UNIQUE_ENABLE,
    WORD,
)
from pykcov.instrumentation.blocks import Span
from pykcov.instrumentation.rewrite import rewrite
from pykcov.probe import Probe

HERE = Path(__file__).parent
PROBES = 16  # in the body of the loop that measures a hit
TURNS = 4000
REPEAT = 5  # calls of a program between two readings of the clock


def build_empty() -> ModuleType:
    """Compile empty.c and load it."""
    out = Path(tempfile.mkdtemp(prefix="pykcov-bench-")) / "pykcov_bench_empty.so"
    include = sysconfig.get_path("include")
    command = [
        "gcc",
        "-O3",
        "-shared",
        "-fPIC",
        f"-I{include}",
        str(HERE / "empty.c"),
        "-o",
        str(out),
    ]
    subprocess.run(command, check=True)
    loader = ExtensionFileLoader("pykcov_bench_empty", str(out))
    spec = importlib.util.spec_from_loader("pykcov_bench_empty", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def loop_body(turns: int) -> None:
    """The loop that the probes are put into."""
    for _ in range(turns):
        pass


def with_probes(probes: list[Probe]) -> Callable[[int], None]:
    """Return loop_body with `probes` at the head of its loop's body."""
    code: CodeType = loop_body.__code__
    at = next(i.offset for i in dis.get_instructions(code) if i.opname == "STORE_FAST") // 2
    for probe in probes:
        code = rewrite(code, [Span(at, 1, 0, 1, 0)], [probe], lambda inner: inner, None)
    return FunctionType(code, {"range": range})


class KeptArea:
    """A descriptor that is enabled again and again, as a fuzzer does: its pages are there."""

    def __init__(self, records: int, discipline: str = "trace") -> None:
        self.descriptor = pykcov.open(discipline)
        size = records // 512 * 512 + 1024
        self.descriptor.ioctl(KCOV_INIT_TRACE, size)
        self.words = self.descriptor.mmap(size * WORD)

    def record(self, call: Callable[[], object], times: int = 1) -> int:
        """Enable; store 0 and call, `times` over; disable. Return the last number of records."""
        self.descriptor.ioctl(KCOV_ENABLE, KCOV_TRACE_PC)
        for _ in range(times):
            self.words[:WORD] = bytes(WORD)
            call()
        self.descriptor.ioctl(KCOV_DISABLE)
        return int.from_bytes(self.words[:WORD], sys.byteorder)


class KeptBitmap:
    """A descriptor with a bitmap of `words` words, reset before each call. touched: a client has
    stored into each page of the bitmap."""

    def __init__(self, words: int, touched: bool = False) -> None:
        self.descriptor = pykcov.open()
        size = words // 512 * 512 + 1024
        self.descriptor.ioctl(KCOV_INIT_TRACE, size)
        area = self.descriptor.mmap(size * WORD)
        if touched:
            area[: words * WORD] = bytes(words * WORD)
        self._words = words

    def record(self, call: Callable[[], object], times: int = 1) -> None:
        """Enable; reset and call, `times` over; disable."""
        self.descriptor.ioctl(KCOV_UNIQUE_ENABLE, self._words)
        for _ in range(times):
            self.descriptor.ioctl(KCOV_RESET_TRACE)
            call()
        self.descriptor.ioctl(KCOV_DISABLE)


def repeat(call: Callable[[], object], times: int) -> None:
    """Call `times` over, and record nothing."""
    for _ in range(times):
        call()


def medians(variants: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median time of each variant in nanoseconds, run in turn."""
    times: dict[str, list[int]] = {name: [] for name in variants}
    for variant in variants.values():
        variant()
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, variant in variants.items():
            start = perf_counter_ns()
            variant()
            times[name].append(perf_counter_ns() - start)
    gc.enable()
    return {name: statistics.median(taken) for name, taken in times.items()}


def bench_hit(rounds: int) -> None:
    """A recorded hit, one that nobody records, and an empty slot, less the bare loop."""
    empty = build_empty().EmptyProbe
    plain = with_probes([])
    slot = with_probes([empty() for _ in range(PROBES)])
    probed = with_probes([Probe(0xFFFFFFFF80000008 + 8 * n) for n in range(PROBES)])
    area, bitmap = KeptArea(TURNS * PROBES), KeptBitmap(1)
    took = medians(
        {
            "plain": lambda: plain(TURNS),
            "empty": lambda: slot(TURNS),
            "off": lambda: probed(TURNS),
            "enable": lambda: area.record(int),
            "recorded": lambda: area.record(lambda: probed(TURNS)),
            "enable unique": lambda: bitmap.record(int),
            "unique": lambda: bitmap.record(lambda: probed(TURNS)),
        },
        rounds,
    )
    hits = TURNS * PROBES
    cost = {
        "empty slot": (took["empty"] - took["plain"]) / hits,
        "nobody records": (took["off"] - took["plain"]) / hits,
        "recorded": (took["recorded"] - took["enable"] - took["plain"]) / hits,
        "its bit is set": (took["unique"] - took["enable unique"] - took["plain"]) / hits,
    }
    print("A hit, in ns (three instructions included):")
    for name, nanoseconds in cost.items():
        print(f"  {name:<16}{nanoseconds:6.2f}   {nanoseconds / cost['empty slot']:.2f} x empty")
    print(f"  goal: recorded <= 1.25 x empty: {cost['recorded'] / cost['empty slot']:.2f}\n")


def bench_reset(rounds: int) -> None:
    """KCOV_RESET_TRACE as the bitmap grows, less 20 calls that do nothing."""
    print("KCOV_RESET_TRACE, in us, by the bitmap's size, and where every page of it was touched:")
    for kib in (4, 64, 1024, 16384):
        sparse, dense = KeptBitmap(kib * 128), KeptBitmap(kib * 128, touched=True)
        took = medians(
            {
                "once": partial(sparse.record, int),
                "sparse": partial(sparse.record, int, 21),
                "dense once": partial(dense.record, int),
                "dense": partial(dense.record, int, 21),
            },
            rounds // 4,
        )
        sparse_us = (took["sparse"] - took["once"]) / 20e3
        dense_us = (took["dense"] - took["dense once"]) / 20e3
        print(f"  {kib:>6} KiB{sparse_us:>10.1f}{dense_us:>10.1f}")
    print()


def load_programs(filename: str) -> dict[str, tuple[Callable[[], int], int]]:
    """Run programs.py, its code under a file name that the selection knows, or does not."""
    source = (HERE / "programs.py").read_bytes()
    namespace: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), namespace)
    programs: dict[str, tuple[Callable[[], int], int]] = namespace["PROGRAMS"]
    return programs


def bench_programs(rounds: int) -> None:
    """Loop-heavy programs: plain, instrumented with nobody tracing, traced."""
    plain = load_programs("<plain>")
    probed = load_programs(str(HERE / "programs.py"))
    pykcov.instrument(include=[str(HERE / "programs.py")])
    print("Loop-heavy programs, time as a multiple of plain:")
    print(f"  {'':<10}{'plain ms':>10}{'off':>8}{'trace':>8}{'blocks':>8}   records")
    area, blocks = KeptArea(1 << 20), KeptArea(1 << 12, "blocks")
    for name, (function, result) in plain.items():
        instrumented = probed[name][0]
        assert function() == instrumented() == result
        variants: dict[str, Callable[[], object]] = {
            "plain": partial(repeat, function, REPEAT),
            "off": partial(repeat, instrumented, REPEAT),
            "trace": partial(area.record, instrumented, REPEAT),
            "blocks": partial(blocks.record, instrumented, REPEAT),
        }
        took = medians(variants, rounds)
        ratios = [took[kind] / took["plain"] for kind in ("off", "trace", "blocks")]
        print(
            f"  {name:<10}{took['plain'] / REPEAT / 1e6:>10.2f}"
            + "".join(f"{ratio:>8.2f}" for ratio in ratios)
            + f"   {area.record(instrumented)}"
        )
    print("  goal: trace <= 1.50")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="runs of each variant (default: 60)")
    rounds = parser.parse_args().rounds
    print(f"{platform.python_implementation()} {platform.python_version()}, {rounds} rounds\n")
    with pykcov.instrument(source=[str(HERE)]):
        bench_hit(rounds)
        bench_reset(rounds)
    bench_programs(rounds)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
