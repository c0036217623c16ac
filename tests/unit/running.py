"""Run a program and note all that it shows of itself."""

from __future__ import annotations

import contextlib
import dis
import io
import re
import sys
import traceback
from types import CodeType, FrameType
from typing import Any, NamedTuple

from pykcov.instrumentation.bytecode.blocks import nested
from pykcov.probe import running

Event = tuple[str, str, int, str]


class Outcome(NamedTuple):
    """Result, output, exception with its traceback's places, and sys.settrace's events."""

    result: str
    output: str
    error: list[tuple[object, ...]]
    events: list[Event]


def _fixed(text: str) -> str:
    """The text without addresses."""
    return re.sub("0x[0-9a-f]+", "0x", text)


def places(error: BaseException) -> list[tuple[object, ...]]:
    """Where an exception came through, to the column, and those that it came of."""
    summary = traceback.TracebackException.from_exception(error, capture_locals=False)
    out: list[tuple[object, ...]] = []
    seen: Any = summary
    while seen is not None:
        out.append((type(error).__name__, _fixed(str(seen))))
        out += [
            (f.filename, f.name, f.lineno, f.end_lineno, f.colno, f.end_colno) for f in seen.stack
        ]
        seen = seen.__cause__ or seen.__context__
    return out


class Tracer:
    """A trace function that notes the events of one file's code."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.events: list[Event] = []

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != self.filename:
            return None
        kind = arg[0] if event == "exception" else type(arg)
        self.events.append((frame.f_code.co_qualname, event, frame.f_lineno, kind.__name__))
        return self


def run(code: CodeType, call: str | None = None, trace: bool = False) -> Outcome:
    """Execute a module's code, and evaluate an expression in it."""
    names: dict[str, Any] = {"__name__": "program"}
    tracer = Tracer(code.co_filename)
    output = io.StringIO()
    before = sys.gettrace()
    result, error = "", []
    with contextlib.redirect_stdout(output):
        try:
            if trace:
                sys.settrace(tracer)
            exec(code, names)
            if call is not None:
                result = repr(eval(call, names))
        except Exception as caught:
            sys.settrace(before)
            error = places(caught)
        finally:
            sys.settrace(before)
    return Outcome(_fixed(result), _fixed(output.getvalue()), error, tracer.events)


def warm(code: CodeType, call: str | None = None) -> None:
    """Have the interpreter specialize the code's instructions."""
    for _ in range(20):
        run(code, call)


def wide_loops(code: CodeType) -> list[bool]:
    """Of each `for`: does its jump need a prefix? A trace function keeps the step of a loop from
    being specialized, unless it has one; and since 3.13 it hears the StopIteration of a generator
    where the step is specialized."""
    steps = [
        i.arg
        for one in nested(code)
        for i in dis.get_instructions(running(one))
        if i.opname == "FOR_ITER"
    ]
    return [arg is not None and arg > 255 for arg in steps]


def without_ends(events: list[Event]) -> list[Event]:
    """Return the events without those of a loop's end."""
    return [one for one in events if (one[1], one[3]) != ("exception", "StopIteration")]


def same(plain: CodeType, new: CodeType, call: str | None = None) -> Outcome:
    """Assert that two codes do the same, traced and not; return what they did."""
    first, second = run(plain, call), run(new, call)
    assert second == first
    warm(plain, call)
    warm(new, call)
    traced, new_traced = run(plain, call, trace=True), run(new, call, trace=True)
    assert new_traced[:3] == traced[:3]
    if wide_loops(new) == wide_loops(plain):
        assert new_traced.events == traced.events
    else:
        assert without_ends(new_traced.events) == without_ends(traced.events)
    return traced
