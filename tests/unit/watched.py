"""A program: import something while somebody watches; write all events to a file, a line each.

    watched.py WATCHER FOLDER FILE

Plain and under pykcov it is to write the same.
"""

from __future__ import annotations

import importlib
import importlib.util
import py_compile
import sys
import threading
import tokenize  # noqa: F401 - which importlib imports when it first compiles something
import zipfile
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

events: list[str] = []
monitoring: Any = getattr(sys, "monitoring", None)  # since 3.12
TOOL = 3


def named(thing: object) -> str:
    """A callable, as far as two processes agree on it."""
    name = getattr(thing, "__qualname__", None) or type(thing).__qualname__
    return f"{getattr(thing, '__module__', None)}.{name}"


def where(code: CodeType) -> str:
    return f"{code.co_filename}:{code.co_qualname}"


def depth(frame: FrameType | None) -> int:
    """Number of frames above main()."""
    count = 0
    while frame is not None and frame.f_code is not main.__code__:
        frame, count = frame.f_back, count + 1
    return count


# -- watchers: each begins, and returns what ends it -----------------------------------------------


def note(frame: FrameType, event: str, arg: object) -> None:
    shown = named(arg) if event.startswith("c_") else ""
    events.append(f"{event} {where(frame.f_code)}:{frame.f_lineno} {depth(frame)} {shown}")


def trace() -> Callable[[], None]:
    def tracer(frame: FrameType, event: str, arg: object) -> Any:
        note(frame, event, arg)
        return tracer

    threading.settrace(tracer)
    sys.settrace(tracer)
    return lambda: sys.settrace(None)


def opcodes() -> Callable[[], None]:
    """Instructions of importlib, too: code with probes has some of its own."""

    def tracer(frame: FrameType, event: str, arg: object) -> Any:
        frame.f_trace_opcodes = frame.f_code.co_filename.startswith("<frozen ")
        note(frame, event, arg)
        return tracer

    sys.settrace(tracer)
    return lambda: sys.settrace(None)


def profile() -> Callable[[], None]:
    threading.setprofile(note)
    sys.setprofile(note)
    return lambda: sys.setprofile(None)


def unmonitor() -> None:
    monitoring.set_events(TOOL, 0)
    monitoring.free_tool_id(TOOL)


def monitor() -> Callable[[], None]:
    """Every event that there is, without offsets, which probes move."""
    monitoring.use_tool_id(TOOL, "watched")

    def noting(name: str) -> Callable[..., None]:
        def noted(code: CodeType, *args: Any) -> None:
            shown = args[0] if name == "LINE" else ""
            if name in ("CALL", "C_RAISE", "C_RETURN"):
                shown = f"{named(args[1])} {named(type(args[2]))}"
            elif isinstance(args[-1], BaseException):
                shown = named(type(args[-1]))
            events.append(f"{name} {where(code)} {shown}")

        return noted

    wanted = 0
    for name, number in vars(monitoring.events).items():
        if name.isupper() and name not in ("NO_EVENTS", "INSTRUCTION"):
            monitoring.register_callback(TOOL, number, noting(name))
            wanted |= 0 if name in ("C_RAISE", "C_RETURN") else number  # these come with CALL
    monitoring.set_events(TOOL, wanted)
    return unmonitor


def instructions() -> Callable[[], None]:
    """Instructions of importlib."""
    monitoring.use_tool_id(TOOL, "watched")

    def noted(code: CodeType, offset: int) -> None:
        if code.co_filename.startswith("<frozen "):
            events.append(f"{where(code)} {offset}")

    number = monitoring.events.INSTRUCTION
    monitoring.register_callback(TOOL, number, noted)
    monitoring.set_events(TOOL, number)
    return unmonitor


def nobody() -> Callable[[], None]:
    return lambda: None


WATCHERS = {
    made.__name__: made for made in (nobody, trace, opcodes, profile, monitor, instructions)
}


# -- imports ---------------------------------------------------------------------------------------

TEXT = """\
import sys
x = [n for n in (1, 2)]
def f(a):
    if a:
        return 1
    return 2
f(0)
"""
FRAMES = """\
import sys
names = []
frame = sys._getframe()
while frame and names[-1:] != ['main']:
    names.append(frame.f_code.co_filename + ':' + frame.f_code.co_qualname)
    frame = frame.f_back
"""
FILES = {
    "source.py": TEXT,
    "compiled.py": TEXT,
    "package/__init__.py": "from . import inner\n",
    "package/inner.py": TEXT,
    "space/inside.py": TEXT,
    "raising.py": "def f():\n    1 / 0\nf()\n",
    "wrong.py": "x = (\n",
    "circle.py": "import circle2\nx = 1\n",
    "circle2.py": "import circle\ny = circle\n",
    "nested.py": "try:\n    import raising\nexcept Exception:\n    import source\n",
    "exits.py": "raise SystemExit(3)\n",
    "frames.py": FRAMES,
}
MADE = (*{name.partition(".")[0].partition("/")[0] for name in FILES}, "zipped", "hand", "colorsys")
FOLDER = Path(sys.argv[2]) if __name__ == "__main__" else Path()


def ready() -> None:
    """Write what is imported, and look into all folders: a cache of importlib's may be there."""
    for name, text in FILES.items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    py_compile.compile(str(FOLDER / "compiled.py"))
    with zipfile.ZipFile(FOLDER / "archive.zip", "w") as archive:
        archive.writestr("zipped.py", TEXT)
    sys.path[:0] = [str(FOLDER), str(FOLDER / "archive.zip")]
    importlib.invalidate_caches()
    failing("nothing")()


def forget() -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in MADE:
            del sys.modules[name]


def bare(name: str) -> Callable[[], object]:
    return lambda: __import__(name)


def tell(error: BaseException) -> None:
    events.append(f"raised {type(error).__qualname__}")
    traceback = error.__traceback__
    while traceback is not None:
        events.append(f"{where(traceback.tb_frame.f_code)}:{traceback.tb_lineno}")
        traceback = traceback.tb_next


def failing(name: str) -> Callable[[], object]:
    def fail() -> None:
        try:
            __import__(name)
        except BaseException as error:
            tell(error)

    return fail


def reloaded() -> None:
    importlib.reload(__import__("source"))


def in_thread() -> None:
    thread = threading.Thread(target=__import__, args=("source",))
    thread.start()
    thread.join()


def no_code() -> None:
    class Loader(SourceFileLoader):
        def get_code(self, fullname: str) -> Any:
            if fullname == "raises":
                raise OSError(fullname)

    for name in ("raises", "none"):
        try:
            Loader(name, "/nowhere.py").exec_module(ModuleType(name))
        except (ImportError, OSError) as error:
            events.append(f"raised {error}")


def by_hand() -> None:
    spec = importlib.util.spec_from_file_location("hand", FOLDER / "source.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def frames() -> None:
    events.extend(__import__("frames").names)


def broken_off() -> None:
    """A trace function that raises, at every seventh event of an import in turn."""
    left = 0

    def tracer(*_: object) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyError
        return tracer

    for n in range(0, 10_000, 7):
        forget()
        left = n
        sys.settrace(tracer)
        try:
            __import__("compiled")
        except KeyError as error:
            tell(error)
        sys.settrace(None)
        events.append(f"{n}: {'compiled' in sys.modules}")
        if left > 0:
            break


IMPORTS: dict[str, Callable[[], object]] = {
    **{name: bare(name) for name in ("source", "compiled", "package", "zipped", "nested")},
    "circle": bare("circle"),
    "space": bare("space.inside"),
    "unselected": bare("colorsys"),
    **{name: failing(name) for name in ("raising", "wrong", "exits", "nowhere")},
    **{made.__name__: made for made in (reloaded, in_thread, no_code, by_hand, frames)},
}


def main() -> None:
    watcher, _, out = sys.argv[1:]
    ready()
    imports = {**IMPORTS, "broken_off": broken_off} if watcher == "nobody" else IMPORTS
    for name, doing in imports.items():
        sys.dont_write_bytecode = name != "source"
        forget()
        events.append(f"-- {name}")
        end = WATCHERS[watcher]()
        doing()
        end()
    # Which thread is faster differs from run to run.
    kept = [e for e in events if threading.__file__ not in e and ":in_thread" not in e]
    text = "\n".join(kept).replace(str(FOLDER), "FOLDER")
    Path(out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
