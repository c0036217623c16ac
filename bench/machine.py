"""The machine: what it is, for the record, and a quiet place on it to measure at."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = (
    "pykcov", "atheris", "bytecode", "coverage", "pyperformance", "docutils", "html5lib", "lark",
    "markdown-it-py", "sqlparse",
)  # fmt: skip
CORES = sorted(os.sched_getaffinity(0))
PRIORITY = 50  # of SCHED_FIFO: before all that is not real-time, kernel threads of that kind aside


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def description() -> dict[str, Any]:
    """What a result depends on, as JSON takes it."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "python": platform.python_version(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "packages": {name: _version(name) for name in PACKAGES},
        "real-time": may_be_first(),
    }


def settle() -> None:
    """Stay on the last core, and what this process starts, too."""
    os.sched_setaffinity(0, {CORES[-1]})


@contextmanager
def first_in_line() -> Iterator[None]:
    """Let no other program take turns on this core meanwhile, where the system allows that."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def may_be_first() -> bool:
    """Does the system allow it?"""
    with first_in_line():
        return os.sched_getscheduler(0) == os.SCHED_FIFO
