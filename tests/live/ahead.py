"""One process for each workload, run ahead of the tests that ask for the answers."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SECONDS = 100


class Ahead:
    """Runs program.main(name) for each workload, as many at a time as there are processors.

    An answer is what it printed: a pickle, as hexadecimal digits.
    """

    def __init__(self, program: str, names: Iterable[str]) -> None:
        self.program = program
        self._folder = tempfile.TemporaryDirectory(prefix="pykcov-live-")
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        self._answers: dict[str, Future[Any]] = {
            name: self._pool.submit(self._run, name) for name in names
        }

    def __getitem__(self, name: str) -> Any:
        return self._answers[name].result()

    def close(self) -> None:
        """Begin no more of them, and wait for those that run."""
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def _run(self, name: str) -> Any:
        store = Path(self._folder.name) / f"{name}.sqlite"
        process = subprocess.Popen(
            [sys.executable, "-B", "-c", f"import {self.program} as p; p.main({name!r})"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0", "PYKCOV_STORE": str(store)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # for a child that hangs belongs to it
        )
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        if process.returncode != 0:
            raise AssertionError(f"{self.program} {name} ended with {process.returncode}:\n{err}")
        return pickle.loads(bytes.fromhex(out))
