"""The programs that are measured: loop-heavy ones, some of pyperformance, parsers on real input."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOPS, PYPERFORMANCE, PARSERS = "loop-heavy", "pyperformance", "parsers"


@dataclass(frozen=True)
class Program:
    """What one program is.

    modules: what is instrumented, by name; these are found in `folder`, or installed.
    load: imports them, and returns what is called over and over; each call does the same work, and
    what it returns, if it is not None, is the same under every row.
    """

    name: str
    group: str
    modules: tuple[str, ...]
    load: Callable[[], Callable[[], Any]]
    folder: Path | None = None
    held_out: bool = False


def installed(*packages: str) -> bool:
    """Are they all there?"""
    return all(importlib.util.find_spec(package) is not None for package in packages)


def every() -> dict[str, Program]:
    """Return all programs that can be run here, by name."""
    from bench.programs import loop_heavy, parsers, pyperformance_

    found = [*loop_heavy.PROGRAMS, *pyperformance_.programs(), *parsers.programs()]
    return {program.name: program for program in found}
