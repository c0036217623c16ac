"""The pytest plugin's entry point: its options, and nothing else until --pykcov is given.

A module of its own, outside the package: every pytest run imports it where pykcov is installed, and
a run without coverage must not pay for importing the package.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that docs/pytest.md describes."""
    group = parser.getgroup("pykcov", "coverage of basic blocks, with pykcov")
    group.addoption(
        "--pykcov",
        action="append",
        nargs="?",
        const="",
        default=[],
        metavar="SOURCE",
        help="measure coverage of this package or directory (multi-allowed); without SOURCE, of "
        "what [tool.pykcov] in pyproject.toml selects, or else of everything but the standard "
        "library and installed packages",
    )
    group.addoption(
        "--pykcov-report",
        action="append",
        default=[],
        metavar="TYPE[:DEST]",
        help="term (the default), term-missing, html, xml, json or lcov (multi-allowed); DEST is "
        "the file or folder to write or, for the first two, skip-covered. Empty: no report",
    )
    group.addoption(
        "--pykcov-fail-under",
        type=float,
        default=None,
        metavar="PERCENT",
        help="fail if the total coverage is lower than this",
    )
    group.addoption(
        "--pykcov-branch",
        action="store_true",
        help="measure branch coverage, too",
    )
    group.addoption(
        "--pykcov-config",
        default="",
        metavar="FILE",
        help="read coverage.py's settings from this file; - means from none",
    )
    group.addoption(
        "--pykcov-append",
        action="store_true",
        help="add to the last run's data file instead of replacing it",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start before the first conftest, and whatever it imports, is imported."""
    if early_config.known_args_namespace.pykcov:
        from pykcov.report.pytest_plugin import begin

        begin(early_config)
