"""What sys.monitoring says of a program."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

monitoring: Any = getattr(sys, "monitoring", None)  # since 3.12
TOOL = 4

NAMES = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "PY_THROW",
    "PY_UNWIND",
    "CALL",
    "C_RETURN",
    "C_RAISE",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH",
    "RAISE",
    "RERAISE",
    "EXCEPTION_HANDLED",
    "STOP_ITERATION",
]
# 3.14 has two events in BRANCH's stead.
BRANCHES = ["BRANCH_LEFT", "BRANCH_RIGHT"]

Event = tuple[str, str, tuple[object, ...]]


def events(code: CodeType, call: str | None = None) -> list[Event]:
    """Run a module's code, and an expression in it; return the events of its own code."""
    seen: list[Event] = []

    def noting(name: str) -> Callable[..., None]:
        def note(where: CodeType, *args: object) -> None:
            if where.co_filename != code.co_filename:
                return
            offsets = 2 if name in ("JUMP", "BRANCH", *BRANCHES) else 1
            values = (*args[:offsets], *map(shown, args[offsets:]))
            seen.append((name, where.co_qualname, values))

        return note

    names = [name for name in NAMES + BRANCHES if hasattr(monitoring.events, name)]
    monitoring.use_tool_id(TOOL, "test")
    try:
        wanted = 0
        for name in names:
            number = getattr(monitoring.events, name)
            monitoring.register_callback(TOOL, number, noting(name))
            wanted |= number
        namespace: dict[str, Any] = {"__name__": "program"}
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            monitoring.set_events(TOOL, wanted)
            exec(code, namespace)
            if call is not None:
                eval(call, namespace)
    finally:
        monitoring.set_events(TOOL, 0)
        for name in names:
            monitoring.register_callback(TOOL, getattr(monitoring.events, name), None)
        monitoring.free_tool_id(TOOL)
    return seen


def shown(value: object) -> str:
    """A value as far as two runs agree on it."""
    return getattr(value, "__qualname__", type(value).__qualname__)
