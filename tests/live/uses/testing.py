"""Workloads over modules that test, trace and debug programs."""

from __future__ import annotations

import sys

from .registry import Uses, define, error
from .tools import said

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
    import types

    module: Any = types.ModuleType("demo_cases")
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
        ("Equal", 1, 1), ("Equal", "a\nb", "a\nb"), ("NotEqual", 1, 2), ("True", 1), ("False", 0), ("Is", None, None), ("IsNot", 1, None), ("IsNone", None), ("In", 1, [1]),
        ("IsNotNone", 1), ("NotIn", 2, [1]), ("IsInstance", 1, int), ("NotIsInstance", 1, str), ("AlmostEqual", 1, 1.00000001), ("NotAlmostEqual", 1, 1.1), ("Greater", 2, 1),
        ("GreaterEqual", 2, 2), ("Less", 1, 2), ("LessEqual", 1, 1), ("Regex", "abc", "b"), ("NotRegex", "abc", "z"), ("CountEqual", [1, 2], [2, 1]), ("AlmostEqual", 1, 2, None, "m", 2),
        ("ListEqual", [1], [1]), ("TupleEqual", (1,), (1,)), ("SetEqual", {1}, {1}), ("DictEqual", {1: 2}, {1: 2}), ("MultiLineEqual", "a", "a"), ("SequenceEqual", [1], (1,)),
    )  # fmt: skip
    bad = (
        ("Equal", "a\nb", "a\nc"), ("Equal", [1, [2]], [1, [3]]), ("Equal", {1}, {2}), ("Equal", {"a": 1}, {"a": 2}), ("Equal", (1, 2), (1,)), ("Equal", 1, 2), ("NotEqual", 1, 1),
        ("True", 0), ("False", 1), ("Is", 1, None), ("IsNot", None, None), ("IsNone", 1), ("In", 2, [1]), ("IsNotNone", None), ("NotIn", 1, [1]), ("IsInstance", 1, str),
        ("NotIsInstance", 1, int), ("AlmostEqual", 1, 1.1), ("NotAlmostEqual", 1, 1), ("Greater", 1, 2), ("Less", 2, 1), ("Regex", "abc", "z"), ("NotRegex", "abc", "b"), ("CountEqual", [1], [1, 1]),
        ("SequenceEqual", [1], (2,)), ("SequenceEqual", 5, []), ("SetEqual", {1}, 5), ("MultiLineEqual", "a", 5), ("DictEqual", {}, 5), ("ListEqual", [], 5), ("AlmostEqual", 1, 2, 3, None, 1),
        ("GreaterEqual", 1, 2), ("LessEqual", 2, 1), ("NotAlmostEqual", 1, 1.5, None, None, 1), ("SequenceEqual", [1], [1, 2]), ("TupleEqual", (), [1]), ("Equal", "x" * 99, "y" * 99),
    )  # fmt: skip
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
    errors += [error(case.assertRaisesRegex, ValueError, "x", int, "y"), error(case.assertRaises, 5), error(case.skipTest, "r")]
    errors += [error(case.assertRaises, KeyError, None), error(unittest.TestCase, "nothing"), error(case.addTypeEqualityFunc, int, "none")]
    module = loaded_cases()
    result = unittest.TestResult()
    for name in ("test_pass", "test_fail", "test_error", "test_subs", "test_skipped", "test_skips", "test_expected", "test_unexpected", "test_context"):
        test = module.Plain(name)
        module.Plain.setUpClass()
        test(result)
        module.Plain.doClassCleanups()
    function = unittest.FunctionTestCase(lambda: None, setUp=lambda: None, tearDown=lambda: None, description="words")
    function.run(result)
    function.debug()
    errors += [error(module.Plain("test_error").debug), error(module.Plain("test_skips").debug), error(unittest.skipUnless(False, "r")(lambda: 0))]
    unittest.addModuleCleanup(messages.append, "module cleanup")
    unittest.doModuleCleanups()
    return (
        [message.splitlines() for message in messages],
        (str(caught.exception), logged.output, logged.records[0].levelname),
        errors,
        (result.testsRun, len(result.failures), len(result.errors), len(result.skipped), len(result.expectedFailures), len(result.unexpectedSuccesses)),
        (str(function), function.id(), function.shortDescription(), function == function, hash(function) != 0, test.countTestCases(), str(test), repr(test)),
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
                await self.enterAsyncContext(5)  # type: ignore[arg-type]

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
    debugged = error(unittest.TestSuite([module.Plain("test_pass"), module.Plain("test_error")]).debug)
    module.setUpModule = lambda: 1 / 0
    again = unittest.TestResult()
    said(unittest.TestSuite([module.Plain("test_pass"), module.Down("test_once")]).run, again)
    module.setUpModule = lambda: None
    module.tearDownModule = lambda: 1 / 0
    last = unittest.TestResult()
    last.failfast = True
    _, printed = said(unittest.TestSuite([module.Plain("test_pass"), module.Down("test_once"), unittest.TestSuite()]).run, last)
    del sys.modules["demo_cases"]
    empty = unittest.BaseTestSuite((module.Plain("test_pass"),))
    errors = [error(empty.addTest, 5), error(empty.addTest, module.Plain), error(empty.addTests, "text")]
    return (
        seen,
        (result.testsRun, sorted(str(test) for test, _ in result.errors), len(result.failures), debugged),
        ([str(test) for test, _ in again.errors], len(last.errors), printed),
        (suite.countTestCases(), empty == unittest.BaseTestSuite(), empty == 5, repr(empty)[:20], len(list(suite)), errors),
    )


@USES.of("unittest.loader")
def test_loading() -> object:
    import os
    import tempfile
    import unittest

    module = loaded_cases()
    module.make_suite = lambda: unittest.TestSuite()
    module.make_case = lambda: module.Plain("test_pass")
    module.make_wrong = lambda: 5
    sys.modules["demo_cases"] = module
    loader = unittest.TestLoader()
    names = ("demo_cases", "demo_cases.Plain", "demo_cases.Plain.test_pass", "demo_cases.make_suite", "demo_cases.make_case", "demo_cases.none", "no_such_demo", "no.such", "demo_cases.Plain.x")
    counts = [loader.loadTestsFromName(name).countTestCases() for name in names]
    within = loader.loadTestsFromNames(["Plain", "Skipped.test_never"], module).countTestCases()
    failed = [str(text).splitlines()[-1] for text in loader.errors]
    errors = [error(loader.loadTestsFromName, "make_wrong", module), error(loader.loadTestsFromName, "maxsize", sys), error(loader.loadTestsFromTestCase, unittest.TestSuite)]
    loader.testNamePatterns = ["*pass*"]
    matched = loader.getTestCaseNames(module.Plain)
    loader.testNamePatterns, loader.sortTestMethodsUsing = None, None  # type: ignore[assignment]
    unsorted_names = sorted(loader.getTestCaseNames(module.Plain))
    module.load_tests = lambda *args: 1 / 0
    broken = loader.loadTestsFromModule(module, pattern="x").countTestCases()
    found: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        for name, text in (
            ("test_demo_one.py", CASES), ("test_demo_bad.py", "import no_such_module_y\n"), ("demo_pack/__init__.py", ""), ("demo_pack/test_demo_two.py", CASES), ("test_demo_skip.py", "import unittest\nraise unittest.SkipTest('s')\n"),
            ("own_pack/__init__.py", "def load_tests(loader, tests, pattern): return tests\n"), ("plain/test_demo_three.py", ""), ("test-odd.py", ""),
        ):  # fmt: skip
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        path, modules = sys.path[:], set(sys.modules)
        for start, options in ((top, {}), (os.path.join(top, "demo_pack"), {"top_level_dir": top}), ("demo_pack", {"pattern": "*two.py"})):
            suite = unittest.TestLoader().discover(start, **options)
            found.append((suite.countTestCases(), sorted({str(test).split(" ")[0] for test in flat(suite)})[:4]))
        errors += [error(unittest.TestLoader().discover, os.path.join(top, "none")), error(unittest.TestLoader().discover, "no_such_package_z")]
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            del sys.modules[name]
        sys.path_importer_cache.pop(top, None)
    sys.modules.pop("demo_cases", None)
    return counts, within, failed, errors, matched, unsorted_names, broken, found


def flat(suite: Any) -> list[Any]:
    tests = []
    for item in suite:
        tests += flat(item) if hasattr(item, "__iter__") else [item]
    return tests


@USES.of("unittest.runner")
def test_runner() -> object:
    import unittest

    module = loaded_cases()
    sys.modules["demo_cases"] = module
    seen: list[object] = []
    for options in ({"verbosity": 2, "buffer": True}, {"verbosity": 1, "failfast": True, "descriptions": False}, {"verbosity": 0, "warnings": "ignore", "tb_locals": True}):
        suite = unittest.TestLoader().loadTestsFromTestCase(module.Plain)
        if options["verbosity"] != 1:
            suite.addTests([module.Skipped("test_never"), module.Broken("test_never"), module.Down("test_once")])
        result, text = run_quietly(suite, **options)
        seen.append((result.testsRun, result.wasSuccessful(), sorted(line for line in text.splitlines() if "demo_cases" in line or line[:2] == "Ra")))
    if sys.version_info >= (3, 12):
        run_quietly(unittest.TestSuite([module.Plain("test_pass")]), durations=2, verbosity=2)
    seen.append(run_quietly(unittest.TestSuite())[1])
    del sys.modules["demo_cases"]
    return tuple(seen)


@USES.of("unittest.main")
def test_program() -> object:
    import re
    import unittest

    module = loaded_cases()
    module.setUpModule = lambda: None
    sys.modules["demo_cases"] = module
    lines = ("-v Plain.test_pass", "-q -f -b Plain", "--help", "-k pass -k none --locals", "Plain.none", "--bogus", "discover --help", "-k *pa*s* Skipped")
    seen = []
    for line in lines:
        code, text = said(lambda line=line: unittest.main("demo_cases", argv=["prog", *line.split()], testLoader=unittest.TestLoader()))
        seen.append((str(code), len(re.sub(r"\d+\.\d+s", "", text)) > 0))
    kept = said(lambda: unittest.main(module, argv=["prog"], exit=False, testLoader=unittest.TestLoader(), verbosity=0, defaultTest="Skipped", catchbreak=False).result.testsRun)[0]
    del sys.modules["demo_cases"]
    return seen, kept


@USES.of("unittest.mock")
def mocks() -> object:
    import asyncio
    import collections
    import types
    from unittest import mock

    class Service:
        rate = 5

        def __init__(self, size: int) -> None:
            self.size = size

        def call(self, a: int, b: int = 2) -> int:
            return a + b

        async def wait(self) -> None: ...

        @staticmethod
        def tool(x: int) -> int:
            return x

        @property
        def prop(self) -> int:
            return 1

    plain: Any = mock.Mock(name="demo", return_value=3, side_effect=None, **{"deep.value.return_value": 7})
    plain(1, k=2)
    plain.child.method("x").more(y=[1])
    plain.deep.value()
    seen: list[object] = [plain.mock_calls, plain.method_calls, plain.call_args.kwargs, plain.called, plain.call_count, plain.deep.value(), plain.child is plain.child]
    plain.assert_called_once_with(1, k=2)
    plain.assert_has_calls([mock.call(1, k=2), mock.call.child.method("x").more(y=mock.ANY)], any_order=True)
    plain.assert_any_call(1, k=2)
    wrong = (("assert_called_with", 5), ("assert_not_called",), ("assert_any_call", 9), ("assert_has_calls", [mock.call(7)]), ("assert_called_once_with", 2), ("assrt_x",), ("assert_nope",))
    errors = []
    for name, *args in wrong:
        errors.append(error(lambda name=name, args=args: getattr(plain, name)(*args)))
    plain.side_effect = [1, KeyError("k"), mock.DEFAULT]
    seen += [plain(), error(plain), plain(), error(plain)]
    plain.side_effect = lambda *args: args
    seen += [plain(5, 6)]
    plain.configure_mock(rate=9)
    plain.attach_mock(mock.Mock(), "attached")
    plain.attached(1)
    del plain.rate
    errors += [error(lambda: plain.rate), error(mock.Mock(spec=["a"]).__getattr__, "b"), error(setattr, mock.Mock(spec_set=Service), "none", 1)]
    plain.reset_mock(return_value=True, side_effect=True)
    magic: Any = mock.MagicMock()
    magic.__len__.return_value = 4
    magic.__iter__.return_value = iter([1, 2])
    magic.__getitem__.side_effect = {"k": "v"}.__getitem__
    magic.__enter__.return_value = "entered"
    with magic as inside:
        seen += [inside, len(magic), list(magic), magic["k"], int(magic), bool(magic), magic == magic, 3 in magic, str(magic)[:10]]
    magic.__str__ = lambda self: "shown"
    seen += [str(magic), hash(magic) != 0, magic.__class__.__name__, [str(c) for c in magic.mock_calls][:3]]
    spec: Any = mock.create_autospec(Service)
    instance = spec(3)
    instance.call(1, b=3)
    instance.tool(2)
    errors += [error(spec), error(instance.call), error(instance.call, 1, 2, 3), error(lambda: instance.nothing), error(instance.call.assert_called_once_with, 9), isinstance(instance, Service)]  # type: ignore[list-item]
    function: Any = mock.create_autospec(lambda a, *, b=1: a)
    function(1, b=2)
    function.assert_called_once_with(1, b=2)
    errors += [error(function, 1, 2), error(mock.create_autospec, spec), error(function.assert_not_called)]
    target: Any = types.SimpleNamespace(value=1, table={"a": 1}, Service=Service)
    with mock.patch.object(target, "value", 5), mock.patch.dict(target.table, {"b": 2}, c=3), mock.patch.object(target, "Service", autospec=True) as patched:
        patched(1)
        seen += [target.value, sorted(target.table), patched.call_count]
    with mock.patch.multiple("json.decoder", scanstring=5, NaN=mock.DEFAULT) as several, mock.patch("json.decoder.JSONArray") as array:
        import json.decoder

        seen += [json.decoder.scanstring, sorted(several), json.decoder.JSONArray is array]

    @mock.patch.object(target, "table", new_callable=dict)
    @mock.patch.object(target, "value")
    def decorated(value: Any, table: Any) -> object:
        return target.value is value, target.table is table

    @mock.patch.dict("os.environ", {"DEMO": "1"}, clear=False)
    class Tests:
        def test_it(self) -> object:
            import os

            return os.environ["DEMO"]

    patcher = mock.patch.object(Service, "prop", new_callable=mock.PropertyMock, return_value=8)
    patcher.start()
    seen += [decorated(), Tests().test_it(), Service(1).prop, patcher.stop() is None, Service(1).prop, mock.patch.stopall()]
    errors += [error(mock.patch("json.nothing.x").start), error(mock.patch.object(target, "none").start), error(mock.patch, "plain"), error(patcher.stop), error(mock.patch.object, "text", "x")]
    opener = mock.mock_open(read_data="one\ntwo\n")
    with opener("name") as handle:
        seen += [handle.readline(), list(handle), handle.read()]
    seen += [opener("x").readlines(), opener.call_count, mock.sentinel.thing is mock.sentinel.thing, repr(mock.sentinel.thing), mock.ANY == 5, repr(mock.ANY)]
    sealed: Any = mock.Mock()
    sealed.known = 1
    mock.seal(sealed)
    errors += [error(lambda: sealed.unknown), error(sealed)]
    wrapped: Any = mock.Mock(wraps=collections.deque([1, 2]))
    seen += [wrapped.pop(), wrapped.append(9), mock.call(1) == mock.call(1, k=1), repr(mock.call.a.b(1)), mock.call.a(1).b().call_list(), mock.NonCallableMock().called]

    async def main() -> list[object]:
        waits: Any = mock.AsyncMock(return_value=5, side_effect=[1, KeyError, 2])
        out: list[object] = [await waits(1)]
        try:
            await waits()
        except KeyError:
            out.append("raised")
        out += [await waits(), waits.await_count, waits.await_args_list[0], asyncio.iscoroutinefunction(waits) if sys.version_info < (3, 14) else True]
        waits.assert_awaited()
        waits.assert_any_await(1)
        waits.assert_has_awaits([mock.call(1)])
        out += [error(waits.assert_awaited_once), error(waits.assert_awaited_with, 5), error(waits.assert_not_awaited), error(waits.assert_awaited_once_with, 1)]
        waits.reset_mock()
        auto: Any = mock.create_autospec(Service, instance=True)
        await auto.wait()
        several: Any = mock.MagicMock()
        several.__aiter__.return_value = [1, 2]
        out.append([item async for item in several])
        async with several as inside:
            out.append(inside is not None)
        return out

    seen += asyncio.run(main())
    return repr(seen).split(" id=")[0], [str(item).split(" id=")[0] for item in seen if " id=" not in str(item)], errors


@USES.of("doctest")
def documented_examples() -> object:
    import doctest
    import os
    import tempfile
    import types

    source = '''
"""Module.

>>> 1 + 1
2
>>> for i in range(2):
...     print(i)
0
1
"""
def good():
    """
    >>> good()
    'a'
    >>> 1 / 0
    Traceback (most recent call last):
        ...
    ZeroDivisionError: division by zero
    >>> print("a\\\\n\\\\nb")
    a
    <BLANKLINE>
    b
    >>> list(range(20)) # doctest: +ELLIPSIS, +NORMALIZE_WHITESPACE
    [0,   1, ..., 19]
    >>> raise KeyError("x") # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    some.KeyError: y
    >>> skipped # doctest: +SKIP
    """
    return "a"
class Bad:
    """
    >>> 1
    2
    >>> print("one\\\\ntwo\\\\nthree") # doctest: +REPORT_NDIFF
    one
    2
    three
    >>> print("x") # doctest: +REPORT_UDIFF
    y
    >>> print("p") # doctest: +REPORT_CDIFF
    q
    >>> undefined
    3
    >>> raise ValueError("other")
    Traceback (most recent call last):
    ValueError: this
    """
    @property
    def prop(self):
        """>>> True
        1
        """
    @staticmethod
    def tool(): ">>> 5\\n5\\n"
    def fails_fast(self):
        """
        >>> 1 # doctest: +FAIL_FAST
        2
        >>> 3
        """
__test__ = {"extra": ">>> 2\\n2\\n", "function": good}
'''
    module: Any = types.ModuleType("demo_documented")
    module.__file__ = "demo_documented.py"
    exec(compile(source, "<demo>", "exec", dont_inherit=True), module.__dict__)
    for item in (module.Bad, module.good):
        item.__module__ = "demo_documented"
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = finder.find(module, "demo", module=False)  # type: ignore[arg-type]
    parser = doctest.DocTestParser()
    texts: list[str] = []
    seen: list[object] = []
    for flags, verbose in ((0, True), (doctest.REPORT_ONLY_FIRST_FAILURE | doctest.DONT_ACCEPT_TRUE_FOR_1, False)):
        runner = doctest.DocTestRunner(verbose=verbose, optionflags=flags)
        for test in finder.find(module, "demo", module=False, globs=dict(vars(module))):  # type: ignore[arg-type]
            counts = runner.run(test, out=texts.append, clear_globs=False)
            seen.append((test.name, counts.failed, counts.attempted))
        seen.append(said(runner.summarize, True))
    debug = doctest.DebugRunner(verbose=False)
    failing = parser.get_doctest(">>> 1\n2\n", {}, "failing", "f.txt", 0)
    raising = parser.get_doctest("\n>>> 1 / 0\n", {}, "raising", None, None)
    errors: list[object] = [error(debug.run, failing), error(debug.run, raising)]
    broken = (">>>1\n", ">>> x\n  y\n...bad", "  >>> a\n b\n", ">>> 1 # doctest: +NOPE\n", ">>> 1 # doctest: ELLIPSIS\n", " >>> # doctest: +SKIP\n")
    errors += [error(parser.get_examples, text) for text in broken]
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "notes.txt")
        with open(path, "w") as file:
            file.write("Notes\n\n>>> 2 * 3\n6\n>>> name\n'n'\n>>> 1\n2\n")
        shown = said(lambda: doctest.testfile(path, module_relative=False, globs={"name": "n"}, report=False, raise_on_error=False))
        errors += [error(doctest.testfile, path, module_relative=False, package="x"), error(doctest.testfile, path, module_relative=False, raise_on_error=True)]
        suite = doctest.DocFileSuite(path, module_relative=False, globs={"name": "n"})
        result = run_quietly(suite)[0]
        seen.append((result.testsRun, len(result.failures), str(shown[0])))
    case: Any = doctest.DocTestCase(failing, setUp=lambda test: None, tearDown=lambda test: None)
    errors += [error(case.runTest), error(case.debug), error(doctest.set_unittest_reportflags, doctest.SKIP)]
    checker = doctest.OutputChecker()
    pairs = (("True\n", "1\n", 0), ("a...c", "abc", doctest.ELLIPSIS), ("a  b", "a b", doctest.NORMALIZE_WHITESPACE), ("...", "", doctest.ELLIPSIS), ("a...b...a", "aba", doctest.ELLIPSIS), ("x...y", "z", doctest.ELLIPSIS))
    example = doctest.Example("f(1)\n", "want", exc_msg="E: m", lineno=3, indent=2)
    return (
        [(test.name, test.lineno, len(test.examples)) for test in tests],
        seen,
        [text.replace("demo_documented.py", "") for text in texts if "File" not in text],
        errors,
        [checker.check_output(want, got, flags) for want, got, flags in pairs],
        (doctest.script_from_examples("text\n>>> 1\n1\n>>> x = 2\nmore"), repr(tests[0]), example == example, hash(example) != 0, repr(case)),
        checker.output_difference(example, "got\n", doctest.REPORT_UDIFF),
        (tests[0] < tests[1], tests[0] == tests[0], case.id(), str(case), case.shortDescription()),
    )


@USES.of("trace")
def line_tracer() -> object:
    import os
    import tempfile
    import trace

    # sys.settrace belongs to whoever measures this: the tracer is called by hand.
    names = define("def work(n):\n    if n:\n        return work(n - 1)\n    return n\n")
    frames: list[Any] = []
    names["here"] = lambda: frames.append(sys._getframe(1))
    exec(compile("def look(a):\n    here()\n    return a\nlook(1)\n", "<demo>", "exec"), names)
    frame = frames[0]
    seen: list[object] = []
    modes: tuple[dict[str, Any], ...] = ({}, {"trace": 0}, {"count": 0}, {"countfuncs": 1}, {"countcallers": 1}, {"count": 0, "trace": 0}, {"trace": 1, "count": 1, "timing": True})
    for options in modes:
        tracer: Any = trace.Trace(ignoremods=("skipped",), **options)
        for event in ("call", "line", "line", "return"):
            if getattr(tracer, "globaltrace", None) and event == "call":
                seen.append(said(tracer.globaltrace, frame, event, None)[0] is not None)
            elif getattr(tracer, "localtrace", None):
                seen.append(len(said(tracer.localtrace, frame, event, None)[1]) > 0)
        results = tracer.results()
        seen.append((sorted(results.counts.values()), len(results.calledfuncs), len(results.callers)))
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "traced.py")
        with open(path, "w") as file:
            file.write("'''doc\nstring'''\nimport os\n\ndef f():\n    'doc'\n    return 1  # pragma\nx = [\n 1]\n")
        counts = {(path, 3): 2, (path, 5): 1, ("<string>", 1): 1, (path, 7): 100}
        functions = {(path, "traced", "f"): 3}
        callers = {((path, "traced", "f"), (path, "traced", "g")): 1, ((path, "traced", "f"), ("/o.py", "o", "h")): 1}
        saved = os.path.join(top, "counts.pickle")
        whole = trace.CoverageResults(counts, functions, None, callers, outfile=saved)  # type: ignore[arg-type]
        # Modules are named by where on sys.path they are.
        found, sys.path = sys.path, [top]
        text = said(whole.write_results, True, True, os.path.join(top, "cover"))[1].replace(top, "")
        more = trace.CoverageResults(infile=saved)
        more.update(whole)
        said(more.write_results, False, False, None)
        sys.path = found
        with open(os.path.join(top, "cover", "traced.cover")) as file:
            cover = file.read()
        lines = trace._find_executable_linenos(path)  # type: ignore[attr-defined]
        strings = trace._find_strings(path)  # type: ignore[attr-defined]
        missing = said(trace._find_executable_linenos, "/no/such.py")[0]  # type: ignore[attr-defined]
        bad = said(lambda: trace.CoverageResults(infile="/no/such").counts)[0]
        ignore = trace._Ignore(["skipped"], [top])  # type: ignore[attr-defined]
        ignored = [ignore.names(name, module) for name, module in ((path, "a"), ("/x.py", "skipped"), ("/y.py", "skipped.sub"), ("/z.py", "z"), (None, "b"), (path, "a"))]
        argv = sys.argv
        codes = []
        for line in ("", "--help", "--version", "-l -T x", "-c", "-r", f"-r -f {saved} -C {top}/out -m", "-t --bogus", "-s x", "-R -c x"):
            sys.argv = ["trace", *line.split()]
            codes.append(str(said(trace.main)[0])[:30])
        sys.argv = argv
    seen += [trace._modname("/a/b.py"), trace._fullmodname("/a/b/c.py")[-1], sorted(lines), sorted(strings), missing, bad, ignored]  # type: ignore[attr-defined]
    return seen, text, cover, codes


@USES.of("bdb")
def debugger_core() -> object:
    import bdb
    import os
    import tempfile

    # The debugger sets a trace function in the frame that called the one it is in: let that be a
    # frame which has ended, not one of this file.
    source = "def callee(a):\n    b = a\n    return b\ndef caller():\n    callee(1)\n    keep()\n    return 2\n"
    source += "def through():\n    caller()\n"
    seen: list[object] = []

    class Debugger(bdb.Bdb):
        def user_call(self, frame: Any, args: Any) -> None:
            seen.append(("call", frame.f_code.co_name))

        def user_line(self, frame: Any) -> None:
            seen.append(("line", frame.f_lineno, self.break_here(frame)))

        def user_return(self, frame: Any, value: object) -> None:
            seen.append(("return", value))

        def user_exception(self, frame: Any, info: Any) -> None:
            seen.append(("exception", info[0].__name__))

        def do_clear(self, arg: Any) -> None:
            seen.append(("clear", arg))

    frames: list[Any] = []
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "debugged.py")
        with open(path, "w") as file:
            file.write(source)
        names: dict[str, Any] = {"__name__": "debugged", "keep": lambda: frames.append(sys._getframe(1))}
        exec(compile(source, path, "exec"), names)
        names["through"]()
        frame = frames[0]
        debugger: Any = Debugger(skip=["skipped.*"])
        debugger.reset()
        results = [debugger.set_break(path, 2), debugger.set_break(path, 6, temporary=True), debugger.set_break(path, 5, cond="x ==")]
        results += [debugger.set_break(path, 99), debugger.set_break("/no/file.py", 1), debugger.set_break(path, 3, funcname="callee", cond="a > 5")]
        results += [debugger.get_break(path, 2), debugger.get_breaks(path, 2) != [], sorted(debugger.get_file_breaks(path)), sorted(debugger.get_all_breaks().values())]
        # As trace_dispatch would be by sys.settrace, which belongs to whoever measures this.
        for act in (debugger.set_step, lambda: debugger.set_next(frame), lambda: debugger.set_return(frame), lambda: debugger.set_until(frame), lambda: debugger._set_stopinfo(None, None, -1)):
            act()
            for event, arg in (("call", None), ("line", None), ("exception", (KeyError, KeyError("k"), None)), ("return", 5), ("c_call", None), ("c_exception", None), ("c_return", None)):
                try:
                    said(debugger.trace_dispatch, frame, event, arg)
                except bdb.BdbQuit:
                    seen.append("quit")
        debugger.botframe = frame
        debugger.trace_dispatch(frame, "call", None)
        debugger.set_step()
        debugger.quitting = True
        results += [error(debugger.trace_dispatch, frame, event, (KeyError, KeyError(), None)) for event in ("call", "line", "return", "exception")]
        said(debugger.trace_dispatch, frame, "odd", None)
        number = debugger.get_breaks(path, 2)[0].number
        results += [debugger.get_bpbynumber(str(number)).hits, *(error(debugger.get_bpbynumber, bad) for bad in ("", "x", "999"))]
        breakpoint_ = debugger.get_bpbynumber(number)
        shown = said(breakpoint_.bpprint)[1].replace(top, "")
        breakpoint_.disable()
        breakpoint_.ignore = 2
        breakpoint_.cond = "b == 1"
        shown += str(breakpoint_).replace(top, "") + breakpoint_.bpformat().replace(top, "")
        effective = [bdb.effective(path, 2, frame)]
        breakpoint_.enable()
        stack, index = debugger.get_stack(frame, None)
        text = debugger.format_stack_entry((frame, frame.f_lineno)).replace(top, "")
        results += [debugger.clear_break(path, 2), debugger.clear_break(path, 99), debugger.clear_bpbynumber(999), debugger.clear_all_file_breaks("/x"), debugger.is_skipped_module("skipped.a")]
        results += [debugger.clear_all_file_breaks(path), debugger.clear_all_breaks(), debugger.canonic("<stdin>"), debugger.is_skipped_module(None)]
        bdb.Breakpoint.clearBreakpoints()
    return seen, [str(result).replace(top, "") for result in results], shown, len(effective), text, stack[-1][1] == index


@USES.of("unittest.util")
def test_helpers() -> object:
    from unittest import util

    return (
        util.safe_repr("x" * 200, short=True),
        util.safe_repr(broken_repr()).split(" at ")[0],
        util._common_shorten_repr("prefix" * 30 + "a" * 50, "prefix" * 30 + "b" * 90),  # type: ignore[attr-defined]
        util.sorted_list_difference([1, 2, 2, 4, 5], [2, 3, 4, 6]),
        util.unorderable_list_difference([[1], [2]], [[2], [3]]),
        util.strclass(int),
        util._count_diff_all_purpose([[1], [1]], [[1]]),  # type: ignore[attr-defined]
        util._count_diff_hashable("aab", "abc"),  # type: ignore[attr-defined]
        util.three_way_cmp(1, 2),
    )


def broken_repr() -> object:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError

    return Broken()
