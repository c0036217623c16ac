"""The loop-heavy programs of loops.py."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.programs import LOOPS, Program

HERE = Path(__file__).parent
NAMES = ("fib", "collatz", "scan")


def _load(name: str) -> Callable[[], int]:
    function, result = importlib.import_module("loops").PROGRAMS[name]
    assert function() == result
    loaded: Callable[[], int] = function
    return loaded


PROGRAMS = [Program(name, LOOPS, ("loops",), partial(_load, name), HERE) for name in NAMES]
