"""Programs under each row, beside themselves plain.

All rows of a program take turns, in processes that are kept; then these are started anew, for where
things lie in memory moves figures by percents. A figure is the median, over all turns, of the row's
time to that of the plain program right before it. Times are CPU times of the measuring thread.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench import machine
from bench.native_code import ROOT
from bench.programs import Program
from bench.rows import ROWS


@dataclass(frozen=True)
class Effort:
    """How much is measured. least: ns of a plain measurement."""

    starts: int = 2
    turns: int = 12
    slow_turns: int = 3
    least: int = 10_000_000


class Process:
    """A worker, from its start until the `with` is left."""

    def __init__(self, program: str, row: str, store: Path) -> None:
        self.what = f"{program}, {row}"
        command = [sys.executable, "-m", "bench.worker", program, row]
        # Hashes of strings decide about collisions in dicts: the same in all of them.
        env = {**os.environ, "PYTHONHASHSEED": "0", "PYKCOV_STORE": str(store)}
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def measure(self, times: int) -> dict[str, Any]:
        """Have it measured; raises SystemExit with what the worker said, if it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(times, file=self._process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, ValueError):
            self._log.seek(0)
            raise SystemExit(f"{self.what}: the worker ended:\n{self._log.read()}") from None
        return answer


def spread(ratios: list[float]) -> dict[str, float]:
    """The median, and the quartiles."""
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"ratio": round(middle, 4), "low": round(low, 4), "high": round(high, 4)}


def compare(program: Program, rows: list[str], effort: Effort, store: Path) -> dict[str, Any]:
    """Measure a program; returns what the results keep of it."""
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    records: dict[str, int] = {}
    plain_ns: list[float] = []
    times = 0
    for _ in range(effort.starts):
        with ExitStack() as stack:
            processes = {
                row: stack.enter_context(Process(program.name, row, store)) for row in rows
            }
            first = {row: process.measure(1) for row, process in processes.items()}
            result = first["plain"]["result"]
            if different := [row for row in rows if first[row]["result"] != result]:
                raise SystemExit(f"{program.name}: another result under {', '.join(different)}")
            once = processes["plain"].measure(1)["ns"]
            times = times or max(1, -(-effort.least // once))
            with machine.first_in_line():
                for turn in range(effort.turns):
                    for row, process in processes.items():
                        if ROWS[row].slow and turn >= effort.slow_turns:
                            continue
                        plain = processes["plain"].measure(times)["ns"]
                        answer = process.measure(times)
                        ratios[row].append(answer["ns"] / plain)
                        plain_ns.append(plain / times)
                        if answer["records"] is not None:
                            records[row] = answer["records"]
    return {
        "group": program.group,
        "calls": times,
        "plain ms": round(statistics.median(plain_ns) / 1e6, 3),
        "records": records,
        "rows": {row: spread(found) for row, found in ratios.items()},
    }
