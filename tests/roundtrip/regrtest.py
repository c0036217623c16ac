"""Run a test module of CPython's, and print `@outcome id` for each test, and `@N records`.

Usage: regrtest.py TEST SUBJECT [OPTION]... With SUBJECT, that package is instrumented, in place and
on import, under these options (prune, comparisons), and the main thread traced; records are counted
over the run, though the area is emptied when full. With comparisons, it is these that are traced.
"""

from __future__ import annotations

import contextlib
import sys
import unittest
from typing import Any

import pykcov

name, subject = sys.argv[1:3]
options: Any = dict.fromkeys(sys.argv[3:], True)
sys.argv[1:] = []
SIZE = 1 << 22


class Result(unittest.TestResult):
    """Remembers how each test ended, and empties the area between tests."""

    def __init__(self, tracer: pykcov.trace | None) -> None:
        super().__init__()
        self.tracer, self.ended, self.records = tracer, {}, 0  # type: ignore[var-annotated]

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self.ended.setdefault(test.id(), "ok")
        self.count()

    def count(self) -> None:
        if self.tracer is not None:
            self.records += len(self.tracer.pcs) + len(self.tracer.records)
            self.tracer.clear()

    def addFailure(self, test, _err):  # type: ignore[no-untyped-def]
        self.ended[test.id()] = "failure"

    def addError(self, test, _err):  # type: ignore[no-untyped-def]
        self.ended[test.id()] = "error"

    def addSkip(self, test, _reason):  # type: ignore[no-untyped-def]
        self.ended[test.id()] = "skipped"

    def addSubTest(self, test, _subtest, err):  # type: ignore[no-untyped-def]
        if err is not None:
            self.ended[test.id()] = "subtest"


def main() -> None:
    """Run the tests as unittest does."""
    with contextlib.ExitStack() as stack:
        tracer = None
        if subject:
            stack.enter_context(pykcov.instrument([subject], **options))
            tracer = pykcov.trace(SIZE, comparisons="comparisons" in options)
            stack.enter_context(tracer)
        result = Result(tracer)
        suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{name}")
        result.count()
        with contextlib.redirect_stdout(sys.stderr):
            suite.run(result)
        result.count()
    for test, outcome in result.ended.items():
        print(f"@{outcome} {test}")
    print(f"@{result.records} records")


if __name__ == "__main__":
    main()
