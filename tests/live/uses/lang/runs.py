"""Workloads over running tests, and examples in documentation."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import error, said
from ..registry import Uses
from .cases import CASES, loaded_cases, run_quietly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


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
    names = ("demo_cases", "demo_cases.Plain", "demo_cases.Plain.test_pass",
             "demo_cases.make_suite", "demo_cases.make_case", "demo_cases.none", "no_such_demo",
             "no.such", "demo_cases.Plain.x")
    counts = [loader.loadTestsFromName(name).countTestCases() for name in names]
    within = loader.loadTestsFromNames(["Plain", "Skipped.test_never"], module).countTestCases()
    failed = [str(text).splitlines()[-1] for text in loader.errors]
    errors = [error(loader.loadTestsFromName, "make_wrong", module),
              error(loader.loadTestsFromName, "maxsize", sys),
              error(loader.loadTestsFromTestCase, unittest.TestSuite)]
    loader.testNamePatterns = ["*pass*"]
    matched = loader.getTestCaseNames(module.Plain)
    loader.testNamePatterns, loader.sortTestMethodsUsing = None, None
    unsorted_names = sorted(loader.getTestCaseNames(module.Plain))
    module.load_tests = lambda *args: 1 / 0
    broken = loader.loadTestsFromModule(module, pattern="x").countTestCases()
    found: list[object] = []
    with tempfile.TemporaryDirectory() as top:
        for name, text in (
            ("test_demo_one.py", CASES), ("test_demo_bad.py", "import no_such_module_y\n"),
            ("demo_pack/__init__.py", ""), ("demo_pack/test_demo_two.py", CASES),
            ("test_demo_skip.py", "import unittest\nraise unittest.SkipTest('s')\n"),
            ("own_pack/__init__.py", "def load_tests(loader, tests, pattern): return tests\n"),
            ("plain/test_demo_three.py", ""), ("test-odd.py", ""),
        ):
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        path, modules = sys.path[:], set(sys.modules)
        for start, options in ((top, {}), (os.path.join(top, "demo_pack"), {"top_level_dir": top}),
                               ("demo_pack", {"pattern": "*two.py"})):
            suite = unittest.TestLoader().discover(start, **options)
            found.append((suite.countTestCases(),
                          sorted({str(test).split(" ")[0] for test in flat(suite)})[:4]))
        errors += [error(unittest.TestLoader().discover, os.path.join(top, "none")),
                   error(unittest.TestLoader().discover, "no_such_package_z")]
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
    for options in ({"verbosity": 2, "buffer": True},
                    {"verbosity": 1, "failfast": True, "descriptions": False},
                    {"verbosity": 0, "warnings": "ignore", "tb_locals": True}):
        suite = unittest.TestLoader().loadTestsFromTestCase(module.Plain)
        if options["verbosity"] != 1:
            suite.addTests([module.Skipped("test_never"), module.Broken("test_never"),
                            module.Down("test_once")])
        result, text = run_quietly(suite, **options)
        seen.append((result.testsRun, result.wasSuccessful(),
                     sorted(line for line in text.splitlines()
                            if "demo_cases" in line or line[:2] == "Ra")))
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
    lines = ("-v Plain.test_pass", "-q -f -b Plain", "--help", "-k pass -k none --locals",
             "Plain.none", "--bogus", "discover --help", "-k *pa*s* Skipped")
    seen = []
    for line in lines:
        code, text = said(lambda line=line: unittest.main(
                              "demo_cases", argv=["prog", *line.split()],
                              testLoader=unittest.TestLoader()
                          ))
        seen.append((str(code), len(re.sub(r"\d+\.\d+s", "", text)) > 0))
    kept = said(lambda: unittest.main(module, argv=["prog"], exit=False,
                                      testLoader=unittest.TestLoader(), verbosity=0,
                                      defaultTest="Skipped", catchbreak=False).result.testsRun)[0]
    del sys.modules["demo_cases"]
    return seen, kept


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
    tests = finder.find(module, "demo", module=False)
    parser = doctest.DocTestParser()
    texts: list[str] = []
    seen: list[object] = []
    for flags, verbose in ((0, True),
                           (doctest.REPORT_ONLY_FIRST_FAILURE | doctest.DONT_ACCEPT_TRUE_FOR_1,
                            False)):
        runner = doctest.DocTestRunner(verbose=verbose, optionflags=flags)
        for test in finder.find(module, "demo", module=False, globs=dict(vars(module))):
            counts = runner.run(test, out=texts.append, clear_globs=False)
            seen.append((test.name, counts.failed, counts.attempted))
        seen.append(said(runner.summarize, True))
    debug = doctest.DebugRunner(verbose=False)
    failing = parser.get_doctest(">>> 1\n2\n", {}, "failing", "f.txt", 0)
    raising = parser.get_doctest("\n>>> 1 / 0\n", {}, "raising", None, None)
    errors: list[object] = [error(debug.run, failing), error(debug.run, raising)]
    broken = (">>>1\n", ">>> x\n  y\n...bad", "  >>> a\n b\n", ">>> 1 # doctest: +NOPE\n",
              ">>> 1 # doctest: ELLIPSIS\n", " >>> # doctest: +SKIP\n")
    errors += [error(parser.get_examples, text) for text in broken]
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "notes.txt")
        with open(path, "w") as file:
            file.write("Notes\n\n>>> 2 * 3\n6\n>>> name\n'n'\n>>> 1\n2\n")
        shown = said(lambda: doctest.testfile(path, module_relative=False, globs={"name": "n"},
                                              report=False, raise_on_error=False))
        errors += [error(doctest.testfile, path, module_relative=False, package="x"),
                   error(doctest.testfile, path, module_relative=False, raise_on_error=True)]
        suite = doctest.DocFileSuite(path, module_relative=False, globs={"name": "n"})
        result = run_quietly(suite)[0]
        seen.append((result.testsRun, len(result.failures), str(shown[0])))
    case: Any = doctest.DocTestCase(failing, setUp=lambda test: None, tearDown=lambda test: None)
    errors += [error(case.runTest), error(case.debug),
               error(doctest.set_unittest_reportflags, doctest.SKIP)]
    checker = doctest.OutputChecker()
    pairs = (("True\n", "1\n", 0), ("a...c", "abc", doctest.ELLIPSIS),
             ("a  b", "a b", doctest.NORMALIZE_WHITESPACE), ("...", "", doctest.ELLIPSIS),
             ("a...b...a", "aba", doctest.ELLIPSIS), ("x...y", "z", doctest.ELLIPSIS))
    example = doctest.Example("f(1)\n", "want", exc_msg="E: m", lineno=3, indent=2)
    return (
        [(test.name, test.lineno, len(test.examples)) for test in tests],
        seen,
        [text.replace("demo_documented.py", "") for text in texts if "File" not in text],
        errors,
        [checker.check_output(want, got, flags) for want, got, flags in pairs],
        (doctest.script_from_examples("text\n>>> 1\n1\n>>> x = 2\nmore"), repr(tests[0]),
         example == example, hash(example) != 0, repr(case)),
        checker.output_difference(example, "got\n", doctest.REPORT_UDIFF),
        (tests[0] < tests[1], tests[0] == tests[0], case.id(), str(case), case.shortDescription()),
    )
