"""make bench: what a guest's system calls cost, trapped and not, beside strace and a filter.

All variants run in turn; figures are medians over the rounds, and ratios are of medians.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="runs of each (default: 10)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as name:
        folder = Path(name)
        calls, floor, kernel = str(folder / "calls"), str(folder / "floor"), folder / "kernel.py"
        subprocess.run(["cc", "-O2", "-o", calls, HERE / "calls.c"], check=True)
        subprocess.run(["cc", "-O2", "-o", floor, HERE / "floor.c"], check=True)
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
            print("no strace here (apt-get install strace): not compared")
        times: dict[str, list[float]] = {variant: [] for variant in variants}
        for _ in range(rounds):
            for variant, command in variants.items():
                times[variant].append(nanoseconds(command, env))
    took = {variant: statistics.median(seen) for variant, seen in times.items()}
    in_c = "getpid, trapped, in C"
    print(f"A guest's calls, in ns, medians of {rounds} rounds:")
    for variant, value in took.items():
        print(f"  {variant:<24}{value:>10.1f}   least {min(times[variant]):.1f}")
    if "getpid, strace" in took:
        strace_took = took["getpid, strace"]
        print(f"  trapped / strace: {took['getpid, trapped'] / strace_took:.3f}, goal 0.1")
        print(f"  trapped in C / strace: {took[in_c] / strace_took:.3f}: the least there is")
    ratio = took["umask, in a guest"] / took["umask, a filter"]
    print(f"  untrapped / filter: {ratio:.2f}, goal 1")
    ratio = took["computing, in a guest"] / took["computing, plain"]
    print(f"  computing / plain: {ratio:.3f}, goal 1.00")


if __name__ == "__main__":
    main()
