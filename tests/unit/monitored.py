"""What sys.monitoring says of a program, with offsets of the plain code."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from tests.unit.rewritten import steps

from pykcov.instrumentation.rewrite import original

monitoring: Any = getattr(sys, "monitoring", None)  # since 3.12
TOOL = 4

# An INSTRUCTION event is an instruction of the code that runs: probes' are there to be seen.
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


class Offsets:
    """From the offsets of code with probes to those of the plain code it was made of."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[CodeType, dict[int, int]]] = {}

    def plain(self, code: CodeType, offset: int) -> int:
        if id(code) not in self.known:
            self.known[id(code)] = code, self._map(code)
        return self.known[id(code)][1].get(offset, -1)

    @staticmethod
    def _map(code: CodeType) -> dict[int, int]:
        old = steps(original(code))
        found: dict[int, int] = {}
        n = 0
        for step in steps(code):
            found[step.begins] = old[n].begins
            found[step.instruction.offset] = (
                old[n].begins if step.probe else old[n].instruction.offset
            )
            n += not step.probe
        return found


def events(code: CodeType, call: str | None = None) -> list[Event]:
    """Run a module's code, and an expression in it; return the events of its own code."""
    seen: list[Event] = []
    offsets = Offsets()

    def noting(name: str) -> Callable[..., None]:
        def note(where: CodeType, *args: object) -> None:
            if where.co_filename != code.co_filename:
                return
            if name == "LINE":
                values: tuple[object, ...] = args
            else:
                jumps = 2 if name in ("JUMP", "BRANCH", *BRANCHES) else 1
                values = tuple(
                    offsets.plain(where, arg) if n < jumps and isinstance(arg, int) else shown(arg)
                    for n, arg in enumerate(args)
                )
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
