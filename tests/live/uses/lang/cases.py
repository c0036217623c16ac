"""Workloads over unit tests and suites of them."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, said
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()

# What unittest runs: each outcome, with fixtures, subtests, cleanups and asynchronous tests.
CASES = '''
import unittest
class Plain(unittest.TestCase):
    maxDiff = 200
    longMessage = True
    @classmethod
    def setUpClass(cls): cls.log = []; cls.addClassCleanup(cls.log.append, "class")
    def setUp(self): self.addCleanup(self.log.append, "cleanup")
    def tearDown(self): self.log.append("down")
    def test_pass(self): """Passes, with a description."""
    def test_fail(self): self.assertEqual([1, 2], [1, 3], "message")
    def test_error(self): raise KeyError("k")
    def test_subs(self):
        for number in range(3):
            with self.subTest("sub", n=number): self.assertNotEqual(number, 1)
    @unittest.skip("reason")
    def test_skipped(self): pass
    def test_skips(self): self.skipTest("later")
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_context(self): self.enterContext(__import__("contextlib").nullcontext())
@unittest.skipIf(True, "whole class")
class Skipped(unittest.TestCase):
    def test_never(self): pass
class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError("class fixture")
    def test_never(self): pass
class Down(unittest.TestCase):
    def tearDown(self): raise ValueError("down")
    @classmethod
    def tearDownClass(cls): raise ValueError("class down")
    def test_once(self): print("printed")
def load_tests(loader, tests, pattern): return tests
'''


def loaded_cases() -> Any:
    import importlib.machinery
    import types

    module: Any = types.ModuleType("demo_cases")
    module.__spec__ = importlib.machinery.ModuleSpec("demo_cases", None)
    exec(compile(CASES, "<demo>", "exec", dont_inherit=True), module.__dict__)
    for value in list(vars(module).values()):
        if isinstance(value, type):
            value.__module__ = "demo_cases"
    return module


def run_quietly(suite: Any, **options: Any) -> tuple[Any, str]:
    """Run a suite; times and places are left out of what it says."""
    import io
    import re
    import unittest

    text = io.StringIO()
    result, printed = said(unittest.TextTestRunner(text, **options).run, suite)
    return result, re.sub(r"in \d+\.\d+s|\d+\.\d+s +|line \d+", "", text.getvalue()) + printed


@USES.of("unittest.case")
def test_cases() -> object:
    import logging
    import unittest

    class Asserts(unittest.TestCase):
        def runTest(self) -> None: ...

    case: Any = Asserts()
    log = logging.getLogger("demo.case")

    good = (
        ("Equal", 1, 1), ("Equal", "a\nb", "a\nb"), ("NotEqual", 1, 2), ("True", 1), ("False", 0),
        ("Is", None, None), ("IsNot", 1, None), ("IsNone", None), ("In", 1, [1]),
        ("IsNotNone", 1), ("NotIn", 2, [1]), ("IsInstance", 1, int), ("NotIsInstance", 1, str),
        ("AlmostEqual", 1, 1.00000001), ("NotAlmostEqual", 1, 1.1), ("Greater", 2, 1),
        ("GreaterEqual", 2, 2), ("Less", 1, 2), ("LessEqual", 1, 1), ("Regex", "abc", "b"),
        ("NotRegex", "abc", "z"), ("CountEqual", [1, 2], [2, 1]),
        ("AlmostEqual", 1, 2, None, "m", 2),
        ("ListEqual", [1], [1]), ("TupleEqual", (1,), (1,)), ("SetEqual", {1}, {1}),
        ("DictEqual", {1: 2}, {1: 2}), ("MultiLineEqual", "a", "a"), ("SequenceEqual", [1], (1,)),
    )
    bad = (
        ("Equal", "a\nb", "a\nc"), ("Equal", [1, [2]], [1, [3]]), ("Equal", {1}, {2}),
        ("Equal", {"a": 1}, {"a": 2}), ("Equal", (1, 2), (1,)), ("Equal", 1, 2), ("NotEqual", 1, 1),
        ("True", 0), ("False", 1), ("Is", 1, None), ("IsNot", None, None), ("IsNone", 1),
        ("In", 2, [1]), ("IsNotNone", None), ("NotIn", 1, [1]), ("IsInstance", 1, str),
        ("NotIsInstance", 1, int), ("AlmostEqual", 1, 1.1), ("NotAlmostEqual", 1, 1),
        ("Greater", 1, 2), ("Less", 2, 1), ("Regex", "abc", "z"), ("NotRegex", "abc", "b"),
        ("CountEqual", [1], [1, 1]),
        ("SequenceEqual", [1], (2,)), ("SequenceEqual", 5, []), ("SetEqual", {1}, 5),
        ("MultiLineEqual", "a", 5), ("DictEqual", {}, 5), ("ListEqual", [], 5),
        ("AlmostEqual", 1, 2, 3, None, 1),
        ("GreaterEqual", 1, 2), ("LessEqual", 2, 1), ("NotAlmostEqual", 1, 1.5, None, None, 1),
        ("SequenceEqual", [1], [1, 2]), ("TupleEqual", (), [1]), ("Equal", "x" * 99, "y" * 99),
    )
    messages = []
    for name, *args in good:
        getattr(case, "assert" + name)(*args)
    for name, *args in bad:
        try:
            getattr(case, "assert" + name)(*args)
        except (AssertionError, TypeError) as exc:
            messages.append(str(exc))
    with case.assertRaises(KeyError) as caught:
        raise KeyError("k")
    with case.assertRaisesRegex(ValueError, "bad v"):
        raise ValueError("bad value")
    case.assertRaises(ZeroDivisionError, lambda: 1 / 0)
    # No assertWarns: its path grows with the number of modules imported so far.
    with case.assertLogs(log, "INFO") as logged:
        log.info("hello %s", "you")
    with case.assertNoLogs(log):
        log.debug("unseen")

    def raises_nothing() -> None:
        with case.assertRaises(KeyError):
            pass

    def logs_nothing() -> None:
        with case.assertLogs(log):
            pass

    def logs_something() -> None:
        with case.assertNoLogs(log):
            log.error("seen")

    errors = [error(call) for call in (raises_nothing, logs_nothing, logs_something)]
    errors += [error(case.assertRaisesRegex, ValueError, "x", int, "y"),
               error(case.assertRaises, 5), error(case.skipTest, "r")]
    errors += [error(case.assertRaises, KeyError, None), error(unittest.TestCase, "nothing"),
               error(case.addTypeEqualityFunc, int, "none")]
    module = loaded_cases()
    result = unittest.TestResult()
    for name in ("test_pass", "test_fail", "test_error", "test_subs", "test_skipped", "test_skips",
                 "test_expected", "test_unexpected", "test_context"):
        test = module.Plain(name)
        module.Plain.setUpClass()
        test(result)
        module.Plain.doClassCleanups()
    function = unittest.FunctionTestCase(lambda: None, setUp=lambda: None, tearDown=lambda: None,
                                         description="words")
    function.run(result)
    function.debug()
    errors += [error(module.Plain("test_error").debug), error(module.Plain("test_skips").debug),
               error(unittest.skipUnless(False, "r")(lambda: 0))]
    unittest.addModuleCleanup(messages.append, "module cleanup")
    unittest.doModuleCleanups()
    return (
        [message.splitlines() for message in messages],
        (str(caught.exception), logged.output, logged.records[0].levelname),
        errors,
        (result.testsRun, len(result.failures), len(result.errors), len(result.skipped),
         len(result.expectedFailures), len(result.unexpectedSuccesses)),
        (str(function), function.id(), function.shortDescription(), function == function,
         hash(function) != 0, test.countTestCases(), str(test), repr(test)),
    )


@USES.of("unittest.async_case")
def asynchronous_cases() -> object:
    import unittest

    log: list[str] = []

    class Waiting(unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self) -> None:
            self.addAsyncCleanup(self.note, "cleanup")
            log.append("setup")

        async def asyncTearDown(self) -> None:
            log.append("down")

        async def note(self, text: str) -> None:
            log.append(text)

        async def test_ok(self) -> None:
            class Manager:
                async def __aenter__(self) -> str:
                    return "entered"

                async def __aexit__(self, *exc: object) -> None:
                    log.append("exited")

            log.append(await self.enterAsyncContext(Manager()))
            with self.assertRaises(TypeError):
                await self.enterAsyncContext(5)

        async def test_fails(self) -> None:
            raise KeyError

        def test_plain(self) -> None:
            log.append("plain")

    result = unittest.TestResult()
    for name in ("test_ok", "test_fails", "test_plain"):
        Waiting(name).run(result)
    return log, result.testsRun, len(result.errors)


@USES.of("unittest.suite")
def test_suites() -> object:
    import unittest

    module = loaded_cases()
    sys.modules["demo_cases"] = module
    module.tearDownModule = lambda: seen.append("module down")
    module.setUpModule = lambda: seen.append("module up")
    seen: list[object] = []
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = unittest.TestResult()
    said(suite.run, result)
    debugged = error(unittest.TestSuite([module.Plain("test_pass"),
                                         module.Plain("test_error")]).debug)
    module.setUpModule = lambda: 1 / 0
    again = unittest.TestResult()
    said(unittest.TestSuite([module.Plain("test_pass"), module.Down("test_once")]).run, again)
    module.setUpModule = lambda: None
    module.tearDownModule = lambda: 1 / 0
    last = unittest.TestResult()
    last.failfast = True
    _, printed = said(unittest.TestSuite([module.Plain("test_pass"), module.Down("test_once"),
                                          unittest.TestSuite()]).run, last)
    del sys.modules["demo_cases"]
    empty = unittest.BaseTestSuite((module.Plain("test_pass"),))
    errors = [error(empty.addTest, 5), error(empty.addTest, module.Plain),
              error(empty.addTests, "text")]
    return (
        seen,
        (result.testsRun, sorted(str(test) for test, _ in result.errors), len(result.failures),
         debugged),
        ([str(test) for test, _ in again.errors], len(last.errors), printed),
        (suite.countTestCases(), empty == unittest.BaseTestSuite(), empty == 5, repr(empty)[:20],
         len(list(suite)), errors),
    )


@USES.of("unittest.util")
def test_helpers() -> object:
    from unittest import util

    return (
        util.safe_repr("x" * 200, short=True),
        util.safe_repr(broken_repr()).split(" at ")[0],
        util._common_shorten_repr("prefix" * 30 + "a" * 50, "prefix" * 30 + "b" * 90),
        util.sorted_list_difference([1, 2, 2, 4, 5], [2, 3, 4, 6]),
        util.unorderable_list_difference([[1], [2]], [[2], [3]]),
        util.strclass(int),
        util._count_diff_all_purpose([[1], [1]], [[1]]),
        util._count_diff_hashable("aab", "abc"),
        util.three_way_cmp(1, 2),
    )


def broken_repr() -> object:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError

    return Broken()
