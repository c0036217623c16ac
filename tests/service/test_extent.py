"""`pykcov ls` counts the blocks of all processes of a service, those of one file once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.service.talking import Forking, Talking

import pykcov
from pykcov.instrumentation.unit import Unit

pytestmark = pytest.mark.once

PROGRAM = """
import importlib, multiprocessing, os, sys, time, warnings
import pykcov
warnings.simplefilter("ignore", DeprecationWarning)
import first

def worker(name, pipe):
    importlib.import_module(name)
    import first
    pipe.send("done")
    pipe.recv()

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    pipes = []
    print("ready", flush=True)
    for name in sys.stdin:
        ours, theirs = context.Pipe()
        process = context.Process(target=worker, args=(name.strip(), theirs), daemon=True)
        process.start()
        ours.recv()
        pipes.append((ours, process))
        print("done", flush=True)
    for ours, process in pipes:
        ours.send("end")
        process.join()
"""
MODULES = {"first": 1, "second": 2, "third": 3}  # functions


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_blocks_of_workers(method: str, tmp_path: Path) -> None:
    has = {}
    for module, count in MODULES.items():
        text = "".join(f"def f{n}():\n    return {n}\n" for n in range(count))
        path = tmp_path / f"{module}.py"
        path.write_text(text, encoding="utf-8")
        has[module] = Unit(str(path), text.encode(), compile(text, str(path), "exec"), 0).blocks
    assert len(set(has.values())) == 3
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    name = f"extent-{os.getpid()}"
    words = ["-m", "pykcov", "run", "--device", name]
    words += [word for module in MODULES for word in ("--source", module)]
    with Talking(sys.executable, *words, "program.py", method, cwd=tmp_path) as talking:
        assert talking.line() == "ready"

        def blocks() -> int:
            return int(pykcov.connect(name).info["blocks"])

        imported = {"first"}
        assert blocks() == has["first"]
        for module in ("second", "second", "third"):
            assert talking.ask(module) == "done"
            imported.add(module)
            assert blocks() == sum(has[module] for module in imported)
        assert talking.end() == 0


def test_workers_that_are_forked_in_c_count_nothing_twice() -> None:
    with Forking(2) as service:
        device = pykcov.connect(service.name)
        before = device.info["blocks"]
        assert before > 10
        for n in range(4):
            service.request(7, n)
        assert pykcov.connect(service.name).info["blocks"] == before
