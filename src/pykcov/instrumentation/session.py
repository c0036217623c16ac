"""instrument(): put probes into what is selected, and take back what is still ours."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

from pykcov.errors import PykcovError, own_bug
from pykcov.instrumentation import importer, inplace, marshalling
from pykcov.instrumentation.rewrite import origin, original
from pykcov.instrumentation.select import Selection, absolute
from pykcov.instrumentation.unit import Unit
from pykcov.probe import interrupts, quiet, set_code
from pykcov.store import SymbolStore

_lock = threading.RLock()  # guards _active and the process-wide hooks
_active: list[Instrumentation] = []


def current_store() -> SymbolStore:
    """Return the store that the PCs of this process come from."""
    return _active[-1].store if _active else SymbolStore()


def in_force() -> bool:
    """Is anything instrumented, or to be when it is imported?"""
    return bool(_active)


def comparisons_in_force() -> bool:
    """Are comparisons instrumented, or to be when they are imported?"""
    return any(handle.comparisons for handle in _active)


def instrumented_blocks() -> int:
    """Number of blocks that have a probe in this process."""
    with _lock:
        return sum(handle.blocks for handle in _active)


@dataclass(eq=False)
class Instrumentation:
    """What one instrument() did, and does to what is imported until undo(). A context manager.

    files: number of blocks, by path, of what this handle gave probes: not of what had some already,
    another handle's, until that one is undone. left_out: why a file or some of its code has no
    probes, by path. running: frames, generators and coroutines that were under way at the last
    change, and finish in the code that they began in.
    """

    selection: Selection
    store: SymbolStore
    by_line: bool = False
    comparisons: bool = False
    files: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    running: int = 0
    _mark: object = field(default_factory=object, repr=False)

    @property
    def blocks(self) -> int:
        """Number of blocks in `files`."""
        return sum(self.files.values())

    def __repr__(self) -> str:
        state = "in force" if self in _active else "undone"
        counts = f"files={len(self.files)} blocks={self.blocks} left_out={len(self.left_out)}"
        return f"<pykcov.Instrumentation {state} {counts}>"

    def __enter__(self) -> Instrumentation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.undo()

    def rewrite(self, code: CodeType, path: str, source: bytes) -> CodeType | None:
        """Return a module's `code` with probes, or None, having noted why it is left out."""
        optimize = importer.optimize_level()
        rewriter = self._rewriter(path, source, lambda: code, optimize)
        return rewriter(code) if rewriter else None

    def _rewriter(
        self, path: str, source: bytes, compiled: Callable[[], CodeType], optimize: int
    ) -> Callable[[CodeType], CodeType | None] | None:
        try:
            unit = Unit(path, source, compiled(), optimize, self.by_line, self.comparisons)
            rewriter = unit.rewriter(self.store, self._mark)
        except PykcovError as error:
            self.left_out[path] = str(error)
        except (SyntaxError, ValueError) as error:
            self.left_out[path] = f"its source does not compile: {error}"
        except Exception as error:
            self.left_out[path] = f"pykcov failed on it: {error!r}"
            own_bug("instrument-failed", f"cannot instrument {path}")
        else:
            self.files[path] = unit.blocks
            return rewriter
        return None

    def _imported(self, loader: Any, module: ModuleType, code: CodeType) -> CodeType | None:
        path = absolute(code.co_filename)
        if origin(code) or not self.selection.matches(module.__name__, path):
            return None
        try:
            source = loader.get_data(code.co_filename)
        except OSError as error:
            self.left_out[path] = f"its source can't be read: {error}"
            return None
        return self.rewrite(code, path, source)

    # -- what is imported already -----------------------------------------------------------------

    def _present(self) -> None:
        by_file: defaultdict[str, list[FunctionType]] = defaultdict(list)
        for function in inplace.functions():
            if origin(function.__code__) is None:
                by_file[function.__code__.co_filename].append(function)
        modules = _modules_by_filename()
        changed: list[tuple[FunctionType, CodeType]] = []
        for filename, functions in by_file.items():
            names = functions[0].__globals__
            if (module := modules.get(filename)) is not None:
                names = inplace.attributes(module)
            elif names.get("__file__") != filename:
                names = {}  # else something other stands in sys.modules for it, or nothing any more
            path = absolute(names.get("__file__") or filename)
            name = names.get("__name__")
            if path.endswith(".py") and self.selection.matches(name, path):
                changed += self._in_place(filename, path, functions)
        old = {id(function.__code__) for function, _ in changed}
        self.running = inplace.count_running(lambda code: id(code) in old)
        for function, new in changed:
            set_code(function, new)

    def _in_place(
        self, filename: str, path: str, functions: list[FunctionType]
    ) -> list[tuple[FunctionType, CodeType]]:
        try:
            source = Path(path).read_bytes()
        except OSError as error:
            self.left_out[path] = f"its source can't be read: {error}"
            return []
        # What CPython froze into itself was compiled without -O, whatever this process was told.
        optimize = 0 if filename.startswith("<frozen ") else importer.optimize_level()
        rewriter = self._rewriter(
            path,
            source,
            lambda: compile(source, filename, "exec", dont_inherit=True, optimize=optimize),
            optimize,
        )
        if rewriter is None:
            return []
        changed = [(f, new) for f in functions if (new := rewriter(f.__code__)) is not None]
        if strange := len(functions) - len(changed):
            self.left_out[path] = (
                f"{strange} of {len(functions)} functions do not match its source: it has changed "
                "since it was imported, or they were not made from it"
            )
        return changed

    # -- undo -------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take the probes back out of every function that still has the code we gave it, and leave
        imports alone. Twice is once."""
        with quiet, _lock:
            if self not in _active:
                return
            _active.remove(self)
            importer.remove(self._imported)
            self.running = inplace.count_running(self._made)
            for function in inplace.functions():
                if self._made(function.__code__):
                    set_code(function, original(function.__code__))
            for other in _active:  # what both selected, but this one had
                other._present()
            if not _active:
                marshalling.uninstall()
                interrupts.uninstall()

    def _made(self, code: CodeType) -> bool:
        found = origin(code)
        return found is not None and found.owner is self._mark


def _modules_by_filename() -> dict[str, ModuleType]:
    """Imported modules by the co_filename that their code has."""
    found = {}
    for name, module in list(sys.modules.items()):
        if not issubclass(type(module), ModuleType):  # anything may be put into sys.modules
            continue
        names = inplace.attributes(module)
        spec, file = names.get("__spec__"), names.get("__file__")
        if type(spec) is ModuleSpec and spec.origin == "frozen":
            found[f"<frozen {spec.name}>"] = module
            state = spec.loader_state
            found[f"<frozen {getattr(state, 'origname', None) or name}>"] = module
        elif isinstance(file, str):
            found.setdefault(file, module)
    return found


def instrument(
    source: Iterable[str] | str = (),
    include: Iterable[str] | str = (),
    omit: Iterable[str] | str = (),
    *,
    by_line: bool = False,
    comparisons: bool = False,
    store: SymbolStore | None = None,
) -> Instrumentation:
    """Put probes into every basic block of what is selected, imported already or not yet.

    source: packages by name, or directories. include, omit: file globs. Without source and include,
    everything but the standard library and installed packages. by_line: cut blocks at every change
    of line (docs/blocks.md). comparisons: make their operands known to KCOV_TRACE_CMP, too
    (docs/comparisons.md). store: where PCs are given out; the default is the user's.

    Raises PykcovError: self-instrumentation, source-missing, glob-empty, glob-bad, store-mixed, and
    those of SymbolStore.register().
    """
    with quiet, _lock:
        selection = Selection(*([x] if isinstance(x, str) else x for x in (source, include, omit)))
        return _instrument(selection, store or SymbolStore(), by_line, comparisons)


def _instrument(
    selection: Selection, store: SymbolStore, by_line: bool, comparisons: bool
) -> Instrumentation:
    if not isinstance(store, SymbolStore):
        raise TypeError(f"store is a SymbolStore, not {store!r}")
    if _active and _active[-1].store.path != store.path:
        raise PykcovError(
            "store-mixed",
            f"PCs of this process come from {_active[-1].store.path}; they can't come from "
            f"{store.path}, too",
        )
    store.check()
    made = Instrumentation(selection, store, by_line, comparisons)
    if not _active:
        interrupts.install()
        marshalling.install()
    _active.append(made)
    importer.add(made._imported)
    try:
        made._present()
    except BaseException:
        made.undo()
        raise
    return made


def saved() -> dict[str, Any]:
    """Return what restore() does the same with, in another process."""
    with _lock:
        return {
            "store": str(current_store().path),
            "instrumented": [
                [made.selection.saved(), made.by_line, made.comparisons] for made in _active
            ],
        }


def restore(saved: dict[str, Any]) -> None:
    """Instrument what another process has instrumented. Raises PykcovError as instrument() does."""
    with quiet, _lock:
        store = SymbolStore(Path(saved["store"]))
        for selection, by_line, comparisons in saved["instrumented"]:
            _instrument(Selection.restored(selection), store, by_line, comparisons)


def rewritten_main(code: CodeType, name: str, path: str) -> CodeType:
    """Return the code of a main module with probes, if it is selected; else as it is."""
    if origin(code):  # runpy's function calls itself for a package
        return code
    with quiet, _lock:
        for made in _active:
            if made.selection.matches(name, path):
                try:
                    source = Path(path).read_bytes()
                except OSError as error:
                    made.left_out[path] = f"its source can't be read: {error}"
                    return code
                return made.rewrite(code, path, source) or code
    return code
