"""Which lines ran, by sys.settrace: what pykcov's traces are compared with."""

from __future__ import annotations

import gc
import sys
from collections import defaultdict
from types import FrameType
from typing import Any

# Functions that are nothing but signal handlers: no trace has them.
HANDLERS = {"_sighandler_noop"}


def belongs(module: object, package: str) -> bool:
    """Is `module` the package's name, or that of a module in it?"""
    return isinstance(module, str) and (module == package or module.startswith(package + "."))


def path_of(frame: FrameType) -> str | None:
    """The file that a frame's code is in; None for code made from a string."""
    name = frame.f_code.co_filename
    if name.startswith("<frozen "):
        module = sys.modules.get(frame.f_globals["__name__"])
        found = frame.f_globals.get("__file__") or getattr(module, "__file__", None)
        return found if isinstance(found, str) else None
    return None if name.startswith("<") else name


class LineOracle:
    """Collects the lines of a package's own files, and those that an exception passed through.

    What the collector runs is left out, and so are signal handlers, as pykcov leaves them out.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        self.seen: defaultdict[str, set[int]] = defaultdict(set)
        self.left: defaultdict[str, set[int]] = defaultdict(set)
        self._collecting = False

    def __enter__(self) -> LineOracle:
        gc.callbacks.append(self._gc)
        sys.settrace(self._call)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)
        gc.callbacks.remove(self._gc)

    def _own(self, names: dict[str, Any]) -> bool:
        """Some modules give themselves another name than they were imported by."""
        imported = getattr(names.get("__spec__"), "name", None)
        return belongs(imported, self.package) or belongs(names.get("__name__"), self.package)

    def _gc(self, phase: str, _info: dict[str, int]) -> None:
        self._collecting = phase == "start"

    def _call(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        if self._collecting or not self._own(frame.f_globals):
            return None
        if frame.f_code.co_name in HANDLERS:
            return None
        path = path_of(frame)
        if path is None:
            return None
        seen, left = self.seen[path], self.left[path]

        def local(frame: FrameType, event: str, _arg: Any) -> Any:
            if event == "line":
                seen.add(frame.f_lineno)
            elif event == "exception":
                left.add(frame.f_lineno)
            return local

        return local
