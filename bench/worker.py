"""A process that measures one row of one program, whenever it is told to.

    python -m bench.worker PROGRAM ROW

Each line of its input is a number of calls; it answers with a line of JSON: what they took in ns,
how many records the last one left, if any, and a hash of what the first one returned. The program's
own output goes to stderr.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sys
from collections.abc import Callable
from time import thread_time_ns
from typing import Any

from bench import machine
from bench.programs import every
from bench.rows import ROWS, Row


class Worker:
    """The program, imported under its row."""

    def __init__(self, program: str, row: str) -> None:
        self.result: str | None = None
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        chosen = every()[program]
        if chosen.folder:
            sys.path.insert(0, str(chosen.folder))
        self.row: Row = ROWS[row](chosen.modules)
        self.row.before_import()
        self.call = chosen.load()
        self.call()
        self.row.after_import()

    def serve(self) -> None:
        """Answer until the input ends."""
        machine.settle()
        gc.collect()
        gc.disable()
        with machine.first_in_line():  # it waits for most of the time
            self.row.serve(self.answer)

    def answer(self) -> bool:
        """Measure once, as the next line says; False if there is none."""
        line = sys.stdin.readline()
        if not line:
            return False
        took, records = self._measure(self.call, int(line))
        if self.result is None:
            found: list[Any] = []
            self._measure(lambda: found.append(self.call()), 1)
            self.result = hashlib.sha256(repr(found).encode()).hexdigest()
        gc.collect(0)
        answer = {"ns": took, "records": records, "result": self.result}
        print(json.dumps(answer), file=self._answers, flush=True)
        return True

    def _measure(self, call: Callable[[], Any], times: int) -> tuple[int, int | None]:
        self.row.start()
        start = thread_time_ns()
        self.row.loop(call, times)
        took = thread_time_ns() - start
        return took, self.row.stop()


if __name__ == "__main__":
    Worker(*sys.argv[1:]).serve()
