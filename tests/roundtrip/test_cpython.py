"""CPython's own tests give the same result instrumented and traced as plain."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).with_name("regrtest.py")

# Test module: the package to instrument. For tests of the language that is the tests themselves.
SUBJECTS = {
    "test_json": "json",
    "test_tomllib": "tomllib",
    "test_textwrap": "textwrap",
    "test_configparser": "configparser",
    "test_contextlib": "contextlib",
    "test_dataclasses": "dataclasses",
    "test_enum": "enum",
    "test_fractions": "fractions",
    "test_argparse": "argparse",
    "test_asyncio.test_taskgroups": "asyncio",
    "test_code": "test.test_code",
}
# The others are of the language, or of what changes much from one CPython to the next.
ONCE = {
    "test_json",
    "test_tomllib",
    "test_textwrap",
    "test_configparser",
    "test_argparse",
    "test_asyncio.test_taskgroups",
}
MORE = {
    "test_email": "email",
    "test_csv": "csv",
    "test_difflib": "difflib",
    "test_statistics": "statistics",
    "test_heapq": "heapq",
    "test_functools": "functools",
    "test_contextlib_async": "contextlib",
    "test_collections": "collections",
    "test_copy": "copy",
    "test_pprint": "pprint",
    "test_string": "string",
    "test_shlex": "shlex",
    "test_html": "html",
    "test_htmlparser": "html",
    "test_urlparse": "urllib",
    "test_http_cookies": "http",
    "test_ipaddress": "ipaddress",
    "test_plistlib": "plistlib",
    "test_gettext": "gettext",
    "test_optparse": "optparse",
    "test_getopt": "getopt",
    "test_calendar": "calendar",
    "test_tokenize": "tokenize",
    "test_ast": "ast",
    "test_generators": "test.test_generators",
    "test_coroutines": "test.test_coroutines",
    "test_asyncgen": "test.test_asyncgen",
    "test_grammar": "test.test_grammar",
    "test_patma": "test.test_patma",
    "test_exceptions": "test.test_exceptions",
    "test_except_star": "test.test_except_star",
    "test_with": "test.test_with",
    "test_listcomps": "test.test_listcomps",
    "test_scope": "test.test_scope",
    "test_sys_settrace": "test.test_sys_settrace",
    "test_dis": "test.test_dis",
    "test_frame": "test.test_frame",
    "test_inspect": "test.test_inspect",
    "test_marshal": "test.test_marshal",
    "test_monitoring": "test.test_monitoring",
    "test_raise": "test.test_raise",
    "test_sys_setprofile": "test.test_sys_setprofile",
    "test_traceback": "test.test_traceback",
    "test_decimal": "_pydecimal",
    "test_asyncio.test_tasks": "asyncio",
    "test_asyncio.test_queues": "asyncio",
}
# What would hear the stubs of pruned probes; what compares; and both.
OPTIONS = {
    ("prune",): ["test_sys_settrace", "test_with"],
    ("comparisons",): ["test_patma"],
    ("prune", "comparisons"): ["test_fractions"],
}
# Tests that end otherwise, and have to. C code is told of the code that runs (docs/decisions, 14).
EXPLAINED = {
    "test.test_frame.TestCAPI.test_frame_getters": "compares f_lasti with PyFrame_GetLasti()",
    "test.test_code.CodeLocationTest.test_co_branches": "gives offsets to PyCode_Addr2Line()",
    "test.test_code.CodeTest.test_returns_only_none": "C looks for the constant None",
}
ALL = SUBJECTS | MORE
EACH: list[tuple[str, str, tuple[str, ...]]]
EACH = [(name, subject, ()) for name, subject in SUBJECTS.items()]
EACH += [(name, ALL[name], options) for options, names in OPTIONS.items() for name in names]
if os.environ.get("PYKCOV_SOAK"):
    EACH = [(*each, options) for each in ALL.items() for options in [(), *OPTIONS]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("test.libregrtest") is None,
        reason="this Python was installed without its own tests (the package `test`)",
    ),
]


def marks(name: str) -> list[pytest.MarkDecorator]:
    """Those of a test module: Debian's python3 has the runner, and few of the tests."""
    once = [pytest.mark.once] if name in ONCE else []
    try:
        there = importlib.util.find_spec(f"test.{name}") is not None
    except ModuleNotFoundError:
        there = False
    return [*once, pytest.mark.skipif(not there, reason=f"this Python has no test.{name}")]


def results(name: str, subject: str, folder: Path, *options: str) -> dict[str, str]:
    """Run one test module; return the outcome of each test by its id."""
    done = subprocess.run(
        [sys.executable, "-X", "utf8", str(RUNNER), name, subject, *options],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = re.findall(r"^@(\w+) (.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return {test: outcome for outcome, test in found}


@pytest.mark.parametrize(
    ("name", "subject", "options"),
    [
        pytest.param(
            *each,
            id="-".join((each[0], *each[2])),
            marks=marks(each[0]),
        )
        for each in EACH
    ],
)
def test_same_as_plain(name: str, subject: str, options: tuple[str, ...], tmp_path: Path) -> None:
    plain = results(name, "", tmp_path)
    traced = results(name, subject, tmp_path, *options)
    records = int(traced.pop("records"))
    assert int(plain.pop("records")) == 0
    differing = {test for test in plain if traced.get(test) != plain[test]}
    assert differing <= EXPLAINED.keys()
    assert traced.keys() == plain.keys()
    assert plain
    assert records, "nothing was traced: the comparison says nothing"
