"""What grows with the blocks that are merely there: consuming, ENABLE, DISABLE, fork; and memory.

The blocks that are executed are the same. A process (exists.py) for each number of blocks, and one
with the same modules without probes, answer in turns.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import made
from bench.native_code import ROOT

QUESTIONS = (
    "consume", "enable trace", "disable trace", "enable blocks", "disable blocks", "fork",
)  # fmt: skip


class Process:
    """exists.py, with the modules that make so many blocks."""

    def __init__(self, folder: Path, how: str, names: list[str], stack: ExitStack) -> None:
        command = [sys.executable, "-m", "bench.exists", str(folder), how, ",".join(names)]
        env = {**os.environ, "PYTHONHASHSEED": "0"}
        env["PYKCOV_STORE"] = str(folder / "store" / "symbols.sqlite")
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        stack.callback(self._process.communicate)

    def ask(self, question: str) -> dict[str, Any]:
        """Return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(question, file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _modules(folder: Path, blocks: int) -> list[str]:
    """Write modules of so many blocks, the first one of 1,000, and return their names."""
    names, functions = ["made_first"], (blocks - 1000) // made.BLOCKS
    made.write(folder, names[0], 1000 // made.BLOCKS)
    while functions > 0:
        names.append(f"made_{len(names)}_{min(functions, made.FUNCTIONS)}")
        if not (folder / f"{names[-1]}.py").exists():
            made.write(folder, names[-1], min(functions, made.FUNCTIONS))
        functions -= made.FUNCTIONS
    return names


def bench(sizes: list[int], turns: int) -> dict[str, Any]:
    """Measure with `sizes` blocks, least first; returns microseconds, and ratios to the least."""
    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        processes, plain = {}, {}
        for size in sizes:
            names = _modules(folder, size)
            processes[size] = Process(folder, "probed", names, stack)
            processes[size].ask("size")  # instrumented, and its memory is there
            plain[size] = Process(folder, "plain", names, stack)
            plain[size].ask("size")
        took: dict[str, dict[int, list[float]]] = {}
        for _ in range(turns):
            for question in QUESTIONS:
                for size, process in processes.items():
                    answer = process.ask(question)
                    took.setdefault(question, {}).setdefault(size, []).append(answer["us"])
            for size, process in plain.items():
                answer = process.ask("fork")
                took.setdefault("fork, plain", {}).setdefault(size, []).append(answer["us"])
        memory = {}
        for size in sizes:
            probed, without = processes[size].ask("size"), plain[size].ask("size")
            more = (probed["bytes"] - without["bytes"]) / probed["blocks"]
            memory[size] = {"blocks": probed["blocks"], "bytes per block": round(more)}
        executed = processes[sizes[0]].ask("consume")["blocks"]
    least = sizes[0]
    return {
        "executed": executed,
        "memory": memory,
        "us": {q: {n: statistics.median(t) for n, t in by.items()} for q, by in took.items()},
        "to least": {
            q: {n: _ratio(by[n], by[least]) for n in sizes if n != least} for q, by in took.items()
        },
    }


def _ratio(above: list[float], below: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(above, below, strict=True)), 3)
