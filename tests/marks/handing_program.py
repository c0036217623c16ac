"""Hands the handle of a section to other processes: handing_program.py WAY; fails if it is lost."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor

from tests.live import subject

import pykcov

CHILD = """
import os
import pykcov
from tests.live import subject

with pykcov.remote(int(os.environ["JOB_HANDLE"]) or None):
    subject.work(5)
"""


def job(handle: int | None, n: int) -> None:
    """What a process is started for."""
    assert pykcov.current_handle() is None
    with pykcov.remote(handle):
        assert pykcov.current_handle() == handle
        subject.work(n)


def by_pool(handle: int | None) -> None:
    with ProcessPoolExecutor(1) as pool:
        pool.submit(job, handle, 5).result()


def by_subprocess(handle: int | None) -> None:
    environment = {**os.environ, "JOB_HANDLE": str(handle or 0)}
    subprocess.run([sys.executable, "-c", CHILD], env=environment, check=True)


def by_process(handle: int | None) -> None:
    context = multiprocessing.get_context(sys.argv[1])
    process = context.Process(target=job, args=(handle, 5))  # type: ignore[attr-defined]
    process.start()
    process.join()
    assert process.exitcode == 0


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # a process with threads forks
    hand = {"pool": by_pool, "subprocess": by_subprocess}.get(sys.argv[1], by_process)
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        with pykcov.trace() as t:
            subject.work(5)
        server = pykcov.serve("handing")
        with pykcov.connect("handing").remote("seven") as collected:
            with pykcov.remote("seven"):
                hand(pykcov.current_handle())
            assert collected.pcs == t.pcs, (len(collected.pcs), len(t.pcs))
            collected.clear()
            hand(None)
            assert not collected.pcs
        server.close()


if __name__ == "__main__":
    main()
