"""CPython's own tests as workloads. Those of the language are their own subject."""

from __future__ import annotations

import re
from functools import partial

from .registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from unittest import TestCase, TestSuite

USES = Uses()

SUBJECTS = {
    "test_contextlib": "contextlib",
    "test_copy": "copy",
    "test_csv": "csv",
    "test_except_star": "test.test_except_star",
    "test_exception_variations": "test.test_exception_variations",
    "test_grammar": "test.test_grammar",
    "test_http_cookies": "http",
    "test_named_expressions": "test.test_named_expressions",
    "test_raise": "test.test_raise",
    "test_super": "test.test_super",
    "test_textwrap": "textwrap",
    "test_with": "test.test_with",
    "test_yield_from": "test.test_yield_from",
}

# Where the stack overflows the interpreter takes an oracle's trace function away; the others depend
# on the clock, on signals, on other threads, or on the collector.
UNSTEADY = re.compile("recurs|deep|nest|gc|cycle|thread|time|interrupt", re.IGNORECASE)


def is_installed(name: str) -> bool:
    """Has this Python that test module? Debian's has a package for them."""
    import importlib.util

    try:
        return importlib.util.find_spec(f"test.{name}") is not None
    except ModuleNotFoundError:
        return False


def _cases(suite: TestSuite) -> Iterator[TestCase]:
    import unittest

    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _cases(one)
        elif not UNSTEADY.search(one.id().rpartition(".")[2]):
            yield one


def run_tests(name: str) -> None:
    """Run a test module, as a unit-test runner does, in a folder of its own."""
    import contextlib
    import random
    import tempfile
    import unittest

    from test import support  # type: ignore[import-not-found]

    support.use_resources = []  # no network, nothing that takes long
    support.verbose = 0
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{name}")
        unittest.TestSuite(_cases(suite)).run(unittest.TestResult())


for _name, _subject in SUBJECTS.items():
    USES.of(_subject, _name)(partial(run_tests, _name))
