"""What a guest's system calls cost, trapped and not, beside strace and a filter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import native_code
from bench.turns import median, median_ratio

GETPID, UMASK = "39", "95"  # system calls: one that the kernel below answers, one that it does not

KERNEL = """
from pykcov.kernel import Kernel, syscall


class Bench(Kernel):
    @syscall
    def getpid(self, task):
        return task.pid
"""


def nanoseconds(command: list[str], env: dict[str, str]) -> float:
    """Run it; the last line it prints is a time."""
    out = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    return float(out.split()[-1])


def bench(turns: int) -> dict[str, Any]:
    """Measure; returns what a call takes, in ns, and the ratios that have goals."""
    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as name:
        folder = Path(name)
        calls, floor = str(native_code.build("calls")), str(native_code.build("floor"))
        kernel = folder / "kernel.py"
        kernel.write_text(KERNEL)
        env = {**os.environ, "PYKCOV_STORE": str(folder / "symbols.sqlite")}
        guest = [sys.executable, "-m", "pykcov", "guest", "--kernel", str(kernel), "--", calls]
        variants = {
            "getpid, plain": [calls, GETPID, "200000"],
            "getpid, trapped": [*guest, GETPID, "50000"],
            "getpid, trapped, in C": [floor, calls, GETPID, "50000"],
            "umask, plain": [calls, UMASK, "1000000"],
            "umask, a filter": [calls, "allow", UMASK, "1000000"],
            "umask, in a guest": [*guest, UMASK, "1000000"],
            "computing, plain": [calls, "compute", "100000000"],
            "computing, in a guest": [*guest, "compute", "100000000"],
        }
        if shutil.which("strace"):
            strace = ["strace", "-f", "-e", "trace=getpid", "-o", "/dev/null", calls]
            variants["getpid, strace"] = [*strace, GETPID, "10000"]
        else:
            print("  no strace here (apt-get install strace): not compared")
        took: dict[str, list[float]] = {variant: [] for variant in variants}
        for _ in range(turns):
            for variant, command in variants.items():
                took[variant].append(nanoseconds(command, env))
    pairs = {
        "trapped / in C": ("getpid, trapped", "getpid, trapped, in C"),
        "trapped / strace": ("getpid, trapped", "getpid, strace"),
        "untrapped / a filter": ("umask, in a guest", "umask, a filter"),
        "computing / plain": ("computing, in a guest", "computing, plain"),
    }
    return {
        "ns": {variant: median(seen) for variant, seen in took.items()},
        "ratios": {
            what: median_ratio(took[above], took[below])
            for what, (above, below) in pairs.items()
            if below in took
        },
    }
