"""Runs targets, each in a process of its own, and keeps the input that has found something."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import worker
from tests.fuzz.target import Failure

ROOT = Path(__file__).parents[2]
_UNLIMITED = 1 << 62  # inputs


@dataclass
class Done:
    """inputs: how many there were. outcomes: lines that say what came of them."""

    inputs: int
    outcomes: str


def run(
    name: str, seed: int = 0, count: int = 0, seconds: float = 0.0, files: tuple[Path, ...] = (),
    keep: Path | None = None,
) -> Done:  # fmt: skip
    """Give the target `name` so many inputs, as many as it can read in `seconds`, or those of
    `files`. The same seed gives the same ones. keep: folder for an input that has found something.

    Raises Failure: the target, the seed, what went wrong, and how to do it again.
    """
    with tempfile.NamedTemporaryFile(prefix="pykcov-fuzz-") as current:
        words = [name, seed, count or _UNLIMITED, seconds, current.name, *files]
        done = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-m", "tests.fuzz.worker"]
            + [str(word) for word in words],
            cwd=ROOT, capture_output=True, text=True, errors="backslashreplace", check=False,
        )  # fmt: skip
        if done.returncode == 0 and not done.stderr:
            *outcomes, inputs = done.stdout.splitlines()
            return Done(int(inputs), "\n".join(filter(None, outcomes)))
        number, data = worker.read(Path(current.name))
    ended = f"ended with {done.returncode}"
    if done.returncode < 0:
        ended = f"was killed by {signal.Signals(-done.returncode).name}"
    told = f"target {name}, seed {seed}, input {number}: {ended}\n{done.stderr[-4000:]}"
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        path = keep / f"{name}-{seed}-{number}"
        path.write_bytes(data)
        told += f"again: make fuzz ARGS='--target {name} --replay {path}'"
    raise Failure(told)
