"""Tests have a symbol store of their own, pykcov's own bugs raise, and leaked references fail."""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pykcov import errors, refs

# Set before anything is instrumented, and for the processes that tests start.
os.environ["PYKCOV_STORE"] = str(Path(tempfile.mkdtemp(prefix="pykcov-test-")) / "symbols.sqlite")
errors.raise_own_bugs = True
# A shell that runs us in the background has Ctrl-C ignored, and so would what we start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# How fast an example runs is the machine's affair, and no test's. CI has the same examples each
# time; who runs the tests by hand, and `make soak`, has others.
settings.register_profile(
    "pykcov",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ and "PYKCOV_SOAK" not in os.environ,
)
settings.load_profile("pykcov")
refs.set_checked(True)

# What these test depends little on which CPython it is, and takes long: CI runs it under one. So it
# does with half of the modules that blocks are compared over.
_ONCE = (
    "tests/fuzz/",
    "tests/guest/",
    "tests/style/",
    "tests/report/test_[acdops]",
    "tests/service/test_([c-hk-npu]|ways)",
    "tests/marks/test_(grpc|http|jobs)",
    "tests/live/test_(bench|scribbler)",
    "tests/service/test_watch.py::test_more_than_the_ring_holds",
    "tests/unit/test_(store|cli|paths|kernel|abi|filter|refs)",
    "tests/unit/test_cache.py::test_(options|another_store|damaged|a_folder|a_tree|the_command)",
    "tests/unit/test_rewrite.py::test_(jumps_beyond|more_constants)",
    r"tests/roundtrip/test_stdlib.py.*\[1\]",
    r"tests/roundtrip/test_cpython.py.*\[test_(json|argparse|asyncio|configparser|textwrap|tomllib)",
    "tests/conformance/(test_execve|.*(guest|socket))",
)
_HALVED = ("tests/live/test_lines", "tests/live/test_order")
_COUNTS = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is to be run once."""
    for n, item in enumerate(items):
        halved = item.nodeid.startswith(_HALVED) and n % 2
        if halved or any(re.match(pattern, item.nodeid) for pattern in _ONCE):
            item.add_marker(pytest.mark.once)


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    before = {id(item) for item in refs.live()}
    yield
    # A gevent hub stays with its thread, and from then on trace() is of the greenlet.
    local = sys.modules.get("gevent._hub_local")
    if local is not None and (hub := local.get_hub_if_exists()) is not None:
        hub.destroy()
    leaked = [item.leak_message() for item in refs.live() if id(item) not in before]
    assert not leaked, leaked


@pytest.fixture(scope="session")
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say something in pytest's summary."""
    lines = request.config.stash.setdefault(_COUNTS, [])
    return lines.append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash.get(_COUNTS, []):
        terminalreporter.write_line(line)
