"""The rows of a comparison: what is done to a program, and what runs while it is measured.

Each row of each program has a process of its own (worker.py), for most of these are of the whole
interpreter.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from bench import codes, native_code
from bench.areas import KeptArea
from bench.programs import installed
from pykcov.instrumentation.cache import cache

Call = Callable[[], Any]


class Row:
    """Plain: nothing is done. The other rows replace what they need."""

    name: ClassVar[str] = "plain"
    slow: ClassVar[bool] = False  # is measured less often

    @classmethod
    def missing(cls) -> str | None:
        """Why it can't be measured here, or None."""
        return None

    def __init__(self, modules: tuple[str, ...]) -> None:
        self.modules = modules

    def before_import(self) -> None:
        """Called before the program is imported."""

    def after_import(self) -> None:
        """Called when it has been imported, and run once."""

    def serve(self, answer: Callable[[], bool]) -> None:
        """Call `answer` until it says that it was the last."""
        while answer():
            pass

    def start(self) -> None:
        """Called before the clock starts."""

    def loop(self, call: Call, times: int) -> None:
        """What is measured."""
        for _ in range(times):
            call()

    def stop(self) -> int | None:
        """Called after the clock has stopped: records of one call, where there are any."""
        return None

    def _paths(self) -> list[str]:
        """The modules' files, and folders of packages."""
        found = []
        for name in self.modules:
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            found.append(os.path.dirname(spec.origin) if spec.parent else spec.origin)  # noqa: PTH120
        return found


def prunes() -> bool:
    """Does this pykcov have instrument(prune=True)?"""
    import pykcov

    return "prune" in inspect.signature(pykcov.instrument).parameters


class Off(Row):
    """Instrumented; nobody traces."""

    name = "pykcov off"
    options: ClassVar[dict[str, Any]] = {}

    def before_import(self) -> None:
        import pykcov

        self.handle = pykcov.instrument(source=self.modules, **self.options)

    def after_import(self) -> None:
        assert self.handle.blocks
        assert not self.handle.left_out, self.handle.left_out


class Nops(Off):
    """Three NOPs at the head of each block."""

    name = "three NOPs"
    into: ClassVar[str] = "nops"

    def before_import(self) -> None:
        os.environ[cache.BOUND] = "0"  # that has pykcov's own probes
        codes.probes_at_heads()
        super().before_import()

    def start(self) -> None:
        codes.replace_probes(self.into)  # each time: more may have been imported


class Empty(Nops):
    """The three instructions of a probe at the head of each block, with a constant that does
    nothing."""

    name = "empty probe"
    into = "empty"


class Trace(Off):
    """Traced as a kcov client does it: store 0, call, load the count."""

    name = "pykcov trace"
    recording_mode: ClassVar[str] = "trace"
    area: KeptArea | None = None
    records = 0

    def start(self) -> None:
        if self.area is None:
            self.area = KeptArea(1 << 24, self.recording_mode)
        self._enabled = self.area.enabled()
        self._enabled.__enter__()

    def loop(self, call: Call, times: int) -> None:
        assert self.area is not None
        words = self.area.words
        for _ in range(times):
            words[0] = 0
            call()
            self.records = words[0]

    def stop(self) -> int:
        assert self.area is not None
        self._enabled.__exit__(None, None, None)
        return max(self.records, self.area.words[0])  # blocks are written at the end


class Blocks(Trace):
    """As gVisor does it: each block once, consumed when the call is over."""

    name = "pykcov blocks"
    recording_mode = "blocks"


class Pruned(Trace):
    """Traced, with the probes left out that others imply."""

    name = "pykcov prune"
    options: ClassVar[dict[str, Any]] = {"prune": True}

    @classmethod
    def missing(cls) -> str | None:
        return None if prunes() else "this pykcov has no instrument(prune=True)"


class Ctrace(Row):
    """coverage.py's tracer in C, by lines."""

    name = "coverage ctrace"
    core: ClassVar[str] = "ctrace"

    @classmethod
    def missing(cls) -> str | None:
        return None if installed("coverage") else "coverage is not installed"

    def before_import(self) -> None:
        os.environ["COVERAGE_CORE"] = self.core
        import coverage

        include = [path if path.endswith(".py") else f"{path}/*" for path in self._paths()]
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=include)
        self.coverage.start()

    def after_import(self) -> None:
        assert self.coverage.get_data().measured_files()


class Sysmon(Ctrace):
    """coverage.py on sys.monitoring, by lines: it hears of each line once."""

    name = "coverage sysmon"
    core = "sysmon"

    @classmethod
    def missing(cls) -> str | None:
        return _needs_monitoring() or super().missing()


def _needs_monitoring() -> str | None:
    return None if hasattr(sys, "monitoring") else "sys.monitoring came with CPython 3.12"


class Lines(Row):
    """sys.monitoring with a callback in C, of functions and lines."""

    name = "monitoring lines"
    events: ClassVar[tuple[str, ...]] = ("PY_START", "LINE")
    TOOL: ClassVar[int] = 4

    @classmethod
    def missing(cls) -> str | None:
        return _needs_monitoring()

    def after_import(self) -> None:
        self.monitor = native_code.extension("monitor")
        monitoring: Any = vars(sys)["monitoring"]  # 3.11 has none
        monitoring.use_tool_id(self.TOOL, "bench")
        known = monitoring.events
        chosen = [getattr(known, event) for event in self.events if hasattr(known, event)]
        for event in chosen:
            monitoring.register_callback(self.TOOL, event, self.monitor.record)
        for code in codes.below(self._paths()):
            monitoring.set_local_events(self.TOOL, code, sum(chosen))

    def loop(self, call: Call, times: int) -> None:
        clear = self.monitor.clear
        for _ in range(times):
            clear()
            call()

    def stop(self) -> int:
        return int(self.monitor.count())


class Branches(Lines):
    """sys.monitoring with a callback in C, of functions, branches and jumps."""

    name = "monitoring branches"
    # From 3.14 on the two sides of a branch are events of their own.
    events = (
        ("PY_START", "BRANCH_LEFT", "BRANCH_RIGHT", "JUMP")
        if sys.version_info >= (3, 14)
        else ("PY_START", "BRANCH", "JUMP")
    )


class Atheris(Row):
    """Atheris' instrumentation, within its fuzz loop: its counters live there only."""

    name = "atheris"

    @classmethod
    def missing(cls) -> str | None:
        return None if installed("atheris") else "atheris is not installed, or has no wheel"

    def before_import(self) -> None:
        import atheris

        self._context = atheris.instrument_imports(
            include=list(self.modules), enable_loader_override=False
        )
        self._context.__enter__()

    def serve(self, answer: Callable[[], bool]) -> None:
        import atheris

        self._context.__exit__(None, None, None)

        def one_input(_: bytes) -> None:
            if not answer():
                os._exit(0)

        # It may take long, and leave no file about that.
        limits = ["-timeout=100000", "-report_slow_units=100000", "-rss_limit_mb=0"]
        atheris.Setup([sys.argv[0], *limits, "-verbosity=0"], one_input)
        atheris.Fuzz()


class Settrace(Row):
    """sys.settrace with a trace function in Python, which keeps code and line."""

    name = "sys.settrace"
    slow = True

    def after_import(self) -> None:
        wanted = {code.co_filename for code in codes.below(self._paths())}
        self.seen: list[tuple[Any, int]] = []
        append = self.seen.append

        def local(frame: Any, event: str, _: Any) -> Any:
            if event == "line":
                append((frame.f_code, frame.f_lineno))
            return local

        def tracer(frame: Any, _event: str, _: Any) -> Any:
            return local if frame.f_code.co_filename in wanted else None

        self._tracer = tracer

    def loop(self, call: Call, times: int) -> None:
        sys.settrace(self._tracer)
        for _ in range(times):
            self.seen.clear()
            call()
        sys.settrace(None)

    def stop(self) -> int:
        return len(self.seen)


ROWS: dict[str, type[Row]] = {
    row.name: row
    for row in (Row, Nops, Empty, Off, Trace, Blocks, Pruned, Ctrace, Sysmon, Lines, Branches,
                Atheris, Settrace)
}  # fmt: skip
