"""make bench: what pykcov costs, beside its alternatives.

Prints what it finds and how the goals are met, and keeps it in bench/results. `make docs` makes the
tables and plots of docs/performance.md of that.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import machine, native_code, programs, results
from bench.compare import Effort, compare
from bench.goals import table
from bench.rows import ROWS

QUICK = ("fib", "chaos")  # of the programs that are there


def chosen(args: argparse.Namespace) -> list[programs.Program]:
    """The programs to measure."""
    every = programs.every()
    if args.programs:
        if unknown := set(args.programs.split(",")) - set(every):
            known = ", ".join(every)
            raise SystemExit(f"no such programs: {', '.join(sorted(unknown))}; there are {known}")
        return [every[name] for name in args.programs.split(",")]
    if args.quick:
        return [every[name] for name in QUICK if name in every]
    return [program for program in every.values() if program.held_out == args.held_out]


def measure_programs(args: argparse.Namespace, left_out: dict[str, str]) -> dict[str, Any]:
    """Each program under each row."""
    native_code.extension("empty")
    rows = [name for name in ROWS if name not in left_out]
    if "monitoring lines" in rows:
        native_code.extension("monitor")
    effort = Effort(starts=1, turns=2, slow_turns=2, least=2_000_000) if args.quick else Effort()
    found = {}
    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as folder:
        for program in chosen(args):
            found[program.name] = compare(program, rows, effort, Path(folder, "symbols.sqlite"))
            ratios = found[program.name]["rows"]
            print(f"  {program.name:<16}", end="")
            print(", ".join(f"{row} {ratios[row]['ratio']:.2f}" for row in rows[1:]), flush=True)
    return found


def measure_one_hit(args: argparse.Namespace) -> dict[str, Any]:
    """A hit, and a cycle: in this process, which has a store of its own for that."""
    import pykcov
    from bench import cycles, hits, made

    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as name:
        os.environ["PYKCOV_STORE"] = f"{name}/symbols.sqlite"
        made.write(Path(name), "made_device", 1)  # the device is there when there are blocks
        with pykcov.instrument(include=[f"{name}/made_device.py"]):
            made.load(Path(name), "made_device")
            found = {"hit": hits.bench(10 if args.quick else 100)}
        found["cycle us"] = cycles.bench(Path(name), 5 if args.quick else 50)
    return found


def measure_lengths(quick: bool) -> Any:
    """Measure whether the time of instrumenting grows with the length."""
    from bench import lengths

    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as name:
        return lengths.bench(Path(name), *((1, 50) if quick else (5,)))


def sections(args: argparse.Namespace, left_out: dict[str, str]) -> dict[str, Callable[[], Any]]:
    """What is measured, one after the other."""
    from bench import guests, imports, scale, services

    sizes = [1_000, 10_000] if args.quick else [1_000, 10_000, 100_000, 1_000_000]
    found: dict[str, Callable[[], Any]] = {"programs": lambda: measure_programs(args, left_out)}
    if not (args.held_out or args.programs):
        found |= {
            "one": lambda: measure_one_hit(args),
            "imports": lambda: imports.bench(2 if args.quick else 9, args.quick),
            "scale": lambda: scale.bench(sizes, 2 if args.quick else 9),
            "lengths": lambda: measure_lengths(args.quick),
            "guests": lambda: guests.bench(2 if args.quick else 10),
            "services": lambda: services.bench(*((1, 0.2, 1) if args.quick else (5, 2.0, 2))),
        }
    return found


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="to see that it works: less of all")
    parser.add_argument("--held-out", action="store_true", help="only the programs held out")
    parser.add_argument("--programs", metavar="NAMES", help="only these, with commas between")
    parser.add_argument("--out", type=Path, help="instead of the file in bench/results")
    args = parser.parse_args()
    left_out = {name: why for name, row in ROWS.items() if (why := row.missing())}
    if not programs.installed("pyperformance"):
        left_out["programs of pyperformance, parsers"] = "pyperformance is not installed"
    data: dict[str, Any] = {"machine": machine.description(), "left out": left_out}
    print(json.dumps(data["machine"]))
    for name, why in left_out.items():
        print(f"left out: {name}: {why}")
    out = args.out or (None if args.quick else results.path(args.held_out))
    for name, section in sections(args, left_out).items():
        began = time.perf_counter()
        print(f"{name}:", flush=True)
        data[name] = json.loads(json.dumps(section()))  # as it is read again: keys are strings
        print(f"  took {time.perf_counter() - began:.0f} s", flush=True)
        if out:
            results.write(out, data)
    print(f"\n{table(data)}")
    if out:
        print(f"\nkept in {out}; make docs puts it into docs/performance.md")


if __name__ == "__main__":
    main()
