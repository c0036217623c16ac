"""pytest's door to pykcov: its options, and nothing else until --pykcov is given.

A module of its own, beside the package: every pytest run imports it where pykcov is installed, and
to import the package costs what a run without coverage must not pay.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what docs/pytest.md tells of."""
    group = parser.getgroup("pykcov", "coverage of basic blocks, with pykcov")
    group.addoption(
        "--pykcov",
        action="append",
        nargs="?",
        const="",
        default=[],
        metavar="SOURCE",
        help="count what tests execute of a package or directory (multi-allowed); without SOURCE: "
        "of what [tool.pykcov] in pyproject.toml selects, or else of everything but the standard "
        "library and installed packages",
    )
    group.addoption(
        "--pykcov-report",
        action="append",
        default=[],
        metavar="TYPE[:DEST]",
        help="term (the default), term-missing, html, xml, json or lcov (multi-allowed); DEST is "
        "where to, or, for the first two, skip-covered. An empty one: no report",
    )
    group.addoption(
        "--pykcov-fail-under",
        type=float,
        default=None,
        metavar="PERCENT",
        help="fail when less of the lines was executed",
    )
    group.addoption(
        "--pykcov-branch",
        action="store_true",
        help="see which way branches go, too",
    )
    group.addoption(
        "--pykcov-config",
        default="",
        metavar="FILE",
        help="read settings of coverage.py from this file, or, with -, none",
    )
    group.addoption(
        "--pykcov-append",
        action="store_true",
        help="add to the data file of the last run instead of beginning anew",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before the first conftest is imported, and what it imports."""
    if early_config.known_args_namespace.pykcov:
        from pykcov.report.pytest_plugin import begin

        begin(early_config)
