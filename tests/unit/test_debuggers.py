"""A debugger finds the program that it knows: lines, steps, breakpoints, jumps."""

from __future__ import annotations

import bdb
import dis
import inspect
import linecache
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from tests.unit.rewritten import ALL_OPTIONS, named, rewrite_text

from pykcov.instrumentation.options import Options
from pykcov.probe import running
from pykcov.symbols.store import SymbolStore

TEXT = """
def f(log):
    log.append(3)
    for x in (1, 2):
        log.append(5)
        if x:
            log.append(7)
        else:
            log.append(9)
    try:
        log.append(11)
        1 / 0
    except ZeroDivisionError:
        log.append(14)
    finally:
        log.append(16)
    with LOCK:
        log.append(18)
    while x:
        log.append(20)
        x = 0
    log.append(22)
    return g(log)

def g(log):
    for _ in gen():
        log.append(27)
    return log

def gen():
    yield 1
    yield 2

class Lock:
    __enter__ = __exit__ = lambda *args: None

LOCK = Lock()
"""
# A jump out of a handler into a `with` makes CPython call what happens to lie on the stack.
LOST = re.compile("'.*' object is not callable")


class Jumper:
    """A trace function that jumps once, from one line to another, and notes what happens."""

    def __init__(self, code: CodeType, at: int, to: int) -> None:
        self.code, self.at, self.to = code, at, to
        self.seen: list[object] = []

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if frame.f_code is not self.code:
            return None
        if event == "line":
            self.seen.append(frame.f_lineno)
            if frame.f_lineno == self.at:
                self.at = -1
                try:
                    frame.f_lineno = self.to  # type: ignore[misc]  # a debugger may
                    self.seen.append(("jumped to", frame.f_lineno))
                except ValueError as error:
                    self.seen.append(str(error))
        return self


def function(code: CodeType) -> Any:
    names: dict[str, Any] = {}
    exec(code, names)
    return names["f"]


def jump(code: CodeType, at: int, to: int) -> tuple[list[object], list[int]]:
    f = function(code)
    jumper, log = Jumper(f.__code__, at, to), list[int]()
    before = sys.gettrace()
    sys.settrace(jumper)
    try:
        f(log)
    except Exception as error:
        jumper.seen.append(LOST.sub("lost", repr(error)))
    finally:
        sys.settrace(before)
    return jumper.seen, log


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # 3.12: unbound locals become None
@pytest.mark.parametrize("options", ALL_OPTIONS, ids=lambda options: options.variant)
def test_jumps_go_where_they_went(store: SymbolStore, options: Options) -> None:
    plain, new = rewrite_text(TEXT, store, options)
    made = refused = 0
    for at in range(3, 24):
        for to in range(2, 25):
            expected = jump(plain, at, to)
            assert jump(new, at, to) == expected, (at, to)
            made += any(isinstance(what, tuple) for what in expected[0])
            refused += any(isinstance(what, str) for what in expected[0])
    assert made > 100
    assert refused > 100


class Scripted(bdb.Bdb):
    """A debugger that follows a script, and notes where it stops."""

    def __init__(self, script: list[Callable[[Scripted, FrameType], None]]) -> None:
        super().__init__()
        self.script = script
        self.stops: list[tuple[str, str, int]] = []

    def stop(self, why: str, frame: FrameType) -> None:
        self.stops.append((why, frame.f_code.co_qualname, frame.f_lineno))
        if self.script:
            self.script.pop(0)(self, frame)
        else:
            self.set_continue()

    def user_line(self, frame: FrameType) -> None:
        self.stop("line", frame)

    def user_call(self, frame: FrameType, _arg: None) -> None:
        self.stop("call", frame)

    def user_return(self, frame: FrameType, _value: Any) -> None:
        self.stop("return", frame)

    def user_exception(self, frame: FrameType, _info: Any) -> None:
        self.stop("exception", frame)


def step(debugger: Scripted, _frame: FrameType) -> None:
    debugger.set_step()


def over(debugger: Scripted, frame: FrameType) -> None:
    debugger.set_next(frame)


def until(debugger: Scripted, frame: FrameType) -> None:
    debugger.set_until(frame)


def out(debugger: Scripted, frame: FrameType) -> None:
    debugger.set_return(frame)


SCRIPTS = {
    "step": [step] * 200,
    "next": [over] * 100,
    "until": [until] * 100,
    "mixed": [step, step, over, until, step, over, step, until] * 12,
    "return": [step, step, step, step, out, step, out],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_debugger_stops_where_it_stopped(
    store: SymbolStore, tmp_path: Path, script: list[Callable[[Scripted, FrameType], None]]
) -> None:
    path = tmp_path / "debugged.py"
    path.write_text(textwrap.dedent(TEXT))
    stops = []
    for code in rewrite_text(TEXT, store, path=str(path)):
        debugger = Scripted(script[:])
        debugger.runcall(function(code), [])
        stops.append(debugger.stops)
    assert stops[0] == stops[1]
    assert len(stops[0]) > 5


def test_breakpoints_are_hit_as_often(store: SymbolStore, tmp_path: Path) -> None:
    path = tmp_path / "debugged.py"
    path.write_text(textwrap.dedent(TEXT))
    lines = range(1, TEXT.count("\n"))
    hits = []
    for code in rewrite_text(TEXT, store, path=str(path)):
        debugger = Scripted([lambda debugger, _: debugger.set_continue()] * 200)
        refused = [line for line in lines if debugger.set_break(str(path), line)]
        try:
            debugger.runcall(function(code), [])
        finally:
            debugger.clear_all_breaks()
            linecache.checkcache()
        hits.append((refused, debugger.stops))
    assert hits[0] == hits[1]
    assert len(hits[0][1]) > 25


def test_dis_shows_what_the_compiler_made(store: SymbolStore) -> None:
    plain, new = rewrite_text(TEXT, store)
    f = named(new, "f")
    assert dis.Bytecode(f).dis() == dis.Bytecode(named(plain, "f")).dis()
    assert "<pykcov probe 0xffffffff8" in dis.Bytecode(running(f)).dis()


def test_a_generators_line_is_where_it_waits(store: SymbolStore) -> None:
    seen = []
    for code in rewrite_text(TEXT, store):
        names: dict[str, Any] = {}
        exec(code, names)
        generator = names["gen"]()
        lines = [inspect.getgeneratorstate(generator), generator.gi_frame.f_lineno]
        for _ in generator:
            lines += [generator.gi_frame.f_lineno, inspect.getgeneratorstate(generator)]
        seen.append(lines)
    assert seen[0] == seen[1]
    assert seen[0][0] == "GEN_CREATED"
