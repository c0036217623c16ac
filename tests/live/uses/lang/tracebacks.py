"""Workloads over tracebacks, lines of source and the core of the debugger."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

import sys

from ..helpers import define, error, said
from ..registry import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

USES = Uses()


@USES.of("traceback")
def tracebacks() -> object:
    import io
    import linecache
    import traceback

    source = """
def fail(depth, local="v"):
    if depth:
        return fail(
            depth - 1)
    return {}["missing"] + (1 /
        depth)
def chained():
    try:
        fail(6)
    except KeyError as exc:
        raise ValueError("outer\\nline two") from exc
def context():
    try:
        fail(0)
    except KeyError:
        [].appendd(1)
def group():
    errors = [OSError(2, "no file"), ExceptionGroup("inner", [KeyError("k")] * 17)]
    raise ExceptionGroup("outer", errors)
def syntax():
    compile("x = (1 +* 2)\\n", "<text>", "exec")
def name():
    some_value = 1
    return some_valu
def late():
    raise Loop()
class Loop(Exception):
    def __str__(self): raise RuntimeError
def star():
    import sys_ as nothing
"""
    linecache.cache["<demo>"] = (len(source), None, source.splitlines(True), "<demo>")
    names = define(source)

    def raised(call: Any) -> BaseException:
        try:
            call()
        except Exception as exc:
            # Without the frame of this function, which may be instrumented.
            assert exc.__traceback__ is not None
            exc = exc.with_traceback(exc.__traceback__.tb_next)
            if len(getattr(exc, "exceptions", ())) or isinstance(exc, KeyError):
                exc.add_note("a note\nof two lines")
            return exc
        raise AssertionError

    out: list[object] = []
    for name in ("chained", "context", "group", "syntax", "name", "late", "star"):
        exc = raised(names[name])
        shown = traceback.TracebackException.from_exception(
            exc, capture_locals=name == "chained", max_group_width=4, compact=True
        )
        out.append("".join(shown.format()))
        out.append(list(shown.format_exception_only()))
        out.append("".join(traceback.format_exception(exc, limit=1, chain=False)))
    exc = raised(names["chained"])
    text = io.StringIO()
    traceback.print_exception(exc, file=text)
    traceback.print_exception(type(exc), exc, exc.__traceback__, limit=-1, file=text)
    traceback.print_tb(exc.__traceback__, 1, text)
    traceback.print_list(traceback.extract_tb(exc.__traceback__), file=text)
    stack = traceback.StackSummary.extract(traceback.walk_tb(exc.__traceback__), limit=2,
                                           lookup_lines=False, capture_locals=True)
    made = traceback.StackSummary.from_list(
        [("<demo>", 3, "f", "line"), traceback.FrameSummary("<demo>", 4, "g", lookup_line=False)]
    )
    once, twice = (traceback.TracebackException(type(exc), exc, exc.__traceback__)
                   for _ in range(2))
    frame = made[1]
    here = traceback.extract_stack(limit=1)[0].name, len(traceback.format_stack(limit=1))
    out += [stack.format(), made.format(), once == twice, once == 5, frame == frame,
            frame == ("<demo>", 4, "g", frame.line), list(frame)[1:3]]
    out += [traceback.format_exception_only(exc), here, len(frame), frame[0]]
    try:
        raise exc
    except ValueError:
        # Only the last lines: the first are of this file.
        out.append(traceback.format_exc().splitlines()[-2:])
        traceback.print_exc(limit=0, file=text)
    traceback.clear_frames(exc.__traceback__)
    plain = traceback.format_exception_only(KeyError, KeyError("x"))
    out += [plain, error(traceback.format_exception, 5), text.getvalue()]
    del linecache.cache["<demo>"]
    return tuple(out)


@USES.of("linecache")
def cached_lines() -> object:
    import linecache
    import os
    import tempfile

    class Loader:
        def get_source(self, name: str) -> str:
            if name == "broken":
                raise ImportError
            return "loaded = 1\nsecond"

    linecache.clearcache()
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "a.py")
        with open(path, "w") as file:
            file.write("one\ntwo")
        seen: list[object] = [linecache.getline(path, 2), linecache.getline(path, 9),
                              linecache.getlines(path)]
        linecache.checkcache(path)
        with open(path, "w") as file:
            file.write("changed, and longer\n")
        linecache.checkcache()
        seen.append(linecache.getline(path, 1))
        with open(os.path.join(top, "bad.py"), "wb") as raw:
            raw.write(b"# coding: nope\n")
        seen.append(linecache.getlines(os.path.join(top, "bad.py")))
        sys.path.insert(0, top)
        seen.append(linecache.getline("a.py", 1))
        sys.path.remove(top)
        os.remove(path)
        linecache.checkcache(path)
        seen.append(linecache.getlines(path))
    names = {"__name__": "lazy", "__loader__": Loader()}
    seen += [linecache.lazycache("<lazy>", names), linecache.lazycache("lazy.py", names),
             linecache.lazycache("lazy.py", names)]
    seen += [linecache.getline("lazy.py", 1, names), linecache.getline("new.py", 2, names)]
    seen += [linecache.lazycache("no.py", {}), linecache.lazycache("no.py", {"__name__": "n"})]
    seen += [linecache.getlines("gone.py", {"__name__": "broken", "__loader__": Loader()}),
             linecache.getlines("")]
    linecache.checkcache("never seen")
    linecache.clearcache()
    return tuple(seen)


@USES.of("bdb")
def debugger_core() -> object:
    import bdb
    import os
    import tempfile

    # The debugger sets a trace function in the frame that called the one it is in: let that be a
    # frame which has ended, not one of this file.
    source = "def callee(a):\n    b = a\n    return b\n"
    source += "def caller():\n    callee(1)\n    keep()\n    return 2\n"
    source += "def through():\n    caller()\n"
    seen: list[object] = []

    class Debugger(bdb.Bdb):
        def user_call(self, frame: Any, args: Any) -> None:
            seen.append(("call", frame.f_code.co_name))

        def user_line(self, frame: Any) -> None:
            seen.append(("line", frame.f_lineno, self.break_here(frame)))

        def user_return(self, frame: Any, value: object) -> None:
            seen.append(("return", value))

        def user_exception(self, frame: Any, info: Any) -> None:
            seen.append(("exception", info[0].__name__))

        def do_clear(self, arg: Any) -> None:
            seen.append(("clear", arg))

    frames: list[Any] = []
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "debugged.py")
        with open(path, "w") as file:
            file.write(source)
        names: dict[str, Any] = {"__name__": "debugged",
                                 "keep": lambda: frames.append(sys._getframe(1))}
        exec(compile(source, path, "exec"), names)
        names["through"]()
        frame = frames[0]
        debugger: Any = Debugger(skip=["skipped.*"])
        debugger.reset()
        results = [debugger.set_break(path, 2), debugger.set_break(path, 6, temporary=True),
                   debugger.set_break(path, 5, cond="x ==")]
        results += [debugger.set_break(path, 99), debugger.set_break("/no/file.py", 1),
                    debugger.set_break(path, 3, funcname="callee", cond="a > 5")]
        results += [debugger.get_break(path, 2), debugger.get_breaks(path, 2) != [],
                    sorted(debugger.get_file_breaks(path)),
                    sorted(debugger.get_all_breaks().values())]
        # As trace_dispatch would be by sys.settrace, which belongs to whoever measures this.
        for act in (debugger.set_step, lambda: debugger.set_next(frame),
                    lambda: debugger.set_return(frame), lambda: debugger.set_until(frame),
                    lambda: debugger._set_stopinfo(None, None, -1)):
            act()
            for event, arg in (("call", None), ("line", None),
                               ("exception", (KeyError, KeyError("k"), None)), ("return", 5),
                               ("c_call", None), ("c_exception", None), ("c_return", None)):
                try:
                    said(debugger.trace_dispatch, frame, event, arg)
                except bdb.BdbQuit:
                    seen.append("quit")
        debugger.botframe = frame
        debugger.trace_dispatch(frame, "call", None)
        debugger.set_step()
        debugger.quitting = True
        results += [error(debugger.trace_dispatch, frame, event, (KeyError, KeyError(), None))
                    for event in ("call", "line", "return", "exception")]
        said(debugger.trace_dispatch, frame, "odd", None)
        number = debugger.get_breaks(path, 2)[0].number
        results += [debugger.get_bpbynumber(str(number)).hits,
                    *(error(debugger.get_bpbynumber, bad) for bad in ("", "x", "999"))]
        breakpoint_ = debugger.get_bpbynumber(number)
        shown = said(breakpoint_.bpprint)[1].replace(top, "")
        breakpoint_.disable()
        breakpoint_.ignore = 2
        breakpoint_.cond = "b == 1"
        shown += str(breakpoint_).replace(top, "") + breakpoint_.bpformat().replace(top, "")
        effective = [bdb.effective(path, 2, frame)]
        breakpoint_.enable()
        stack, index = debugger.get_stack(frame, None)
        text = debugger.format_stack_entry((frame, frame.f_lineno)).replace(top, "")
        results += [debugger.clear_break(path, 2), debugger.clear_break(path, 99),
                    debugger.clear_bpbynumber(999), debugger.clear_all_file_breaks("/x"),
                    debugger.is_skipped_module("skipped.a")]
        results += [debugger.clear_all_file_breaks(path), debugger.clear_all_breaks(),
                    debugger.canonic("<stdin>"), debugger.is_skipped_module(None)]
        bdb.Breakpoint.clearBreakpoints()
    return (
        seen, [str(result).replace(top, "") for result in results], shown, len(effective), text,
        stack[-1][1] == index
    )
