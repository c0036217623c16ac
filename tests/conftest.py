"""Tests have a store and devices of their own; pykcov's own bugs raise, leaked references fail."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.guest.facts import Clients

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

_COUNTS = pytest.StashKey[list[str]]()


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


@pytest.fixture(scope="session", autouse=True)
def _devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("devices")
    folder.chmod(0o700)
    before = os.environ.get("PYKCOV_DEVICES")
    os.environ["PYKCOV_DEVICES"] = str(folder)
    yield
    if before is None:
        del os.environ["PYKCOV_DEVICES"]
    else:
        os.environ["PYKCOV_DEVICES"] = before


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """Servers and frameworks configure logging, and disable the loggers that are there."""
    yield
    for name in logging.root.manager.loggerDict:
        if name.startswith("pykcov"):
            logging.getLogger(name).disabled = False


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    """The programs of tests/guest/clients, compiled once."""
    return Clients(tmp_path_factory.mktemp("clients"))


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
