"""instrument(): put probes into the selected code, and take them out again."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType, TracebackType
from typing import Any

from pykcov.errors import PykcovError
from pykcov.instrumentation import code_identity, exec_hook, import_hook, in_place, marshal_hook
from pykcov.instrumentation.cache import stamps
from pykcov.instrumentation.cache.cache import Cache
from pykcov.instrumentation.exclude import checked
from pykcov.instrumentation.left_out import files_of_modules, missing
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.pipeline import Texts
from pykcov.instrumentation.recompile import compiled
from pykcov.instrumentation.selection import Selection, absolute
from pykcov.instrumentation.unit import Text
from pykcov.probe import interrupts, origin, original, quiet, set_code
from pykcov.symbols import active
from pykcov.symbols.store import SymbolStore


def _silently(items: Sequence[Any], text: str) -> Iterable[Any]:  # noqa: ARG001
    return items


# Yields items, and shows progress; the command line replaces it.
progress: Callable[[Sequence[Any], str], Iterable[Any]] = _silently

_active: list[Instrumentation] = []  # changed under active.lock
active.handles = _active


@dataclass(eq=False)
class Instrumentation(Texts):
    """The instrumentation made by one instrument(), in force until undo(). A context manager.

    files: by path, the number of blocks that this handle instrumented; code that another handle
    instrumented first is not included until that one is undone. left_out: by path, why a file or
    some of its code has no probes. running: number of frames, generators and coroutines that were
    running at the last change; they finish in their old code.
    """

    selection: Selection = field(kw_only=True)
    running: int = 0
    _importing: import_hook.Hooks = field(init=False, repr=False)
    _executed: exec_hook.Executed = field(init=False, repr=False)
    _earlier: set[str] = field(default_factory=set, repr=False)  # files of modules imported before

    def __post_init__(self) -> None:
        super().__post_init__()
        self._importing = import_hook.Hooks(self.selection.selects, self._cached, self._imported)
        self._executed = exec_hook.Executed(self.selection, self)

    @property
    def left_out(self) -> dict[str, str]:
        """Why a file or some of its code has no probes, by path."""
        with quiet, active.lock:
            if self in _active:
                for path, why in missing(self.selection, self.files, self._earlier):
                    self._left_out.setdefault(path, why)
            return self._left_out

    @property
    def earlier(self) -> set[str]:
        """The `files` imported before instrument(): their functions have probes, but their module
        code had run already."""
        return self._earlier & self.files.keys()

    @property
    def blocks(self) -> int:
        """Number of blocks in `files`."""
        return sum(self.files.values())

    @property
    def comparisons(self) -> bool:
        """Do comparisons have probes, too?"""
        return self.options.comparisons

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

    # -- what is imported -------------------------------------------------------------------------

    def _imported(
        self, loader: Any, name: str, code: CodeType, before: bytes | None
    ) -> CodeType | None:
        path = absolute(code.co_filename)
        if origin(code) or not self.selection.matches(name, path):
            return None
        if before is None:
            return self._executed.answer(code, exec_hook.Module(path, name, loader))
        try:
            source = loader.get_data(code.co_filename)
        except OSError as error:
            self.leave_out(path, f"its source can't be read: {error}")
            return None
        return self._rewrite(code, path, source, stamps.settled(code.co_filename, before))

    # -- what is imported already -----------------------------------------------------------------

    def _present(self) -> None:
        self._earlier |= files_of_modules()
        by_file: defaultdict[str, list[FunctionType]] = defaultdict(list)
        for function in in_place.functions():
            if origin(function.__code__) is None:
                by_file[function.__code__.co_filename].append(function)
        modules = in_place.modules_by_filename()
        changed: list[tuple[FunctionType, CodeType]] = []
        for filename, functions in progress(list(by_file.items()), "instrumenting"):
            names = functions[0].__globals__
            if (found := modules.get(filename)) is not None:
                names = found
            elif names.get("__file__") != filename:
                names = {}  # sys.modules has another module in its place, or none any more
            path = absolute(names.get("__file__") or filename)
            name = names.get("__name__")
            if path.endswith(".py") and self.selection.matches(name, path):
                changed += self._in_place(filename, path, functions)
        old = {id(function.__code__) for function, _ in changed}
        self.running = in_place.count_running(lambda code: id(code) in old)
        _change(changed)

    def _in_place(
        self, filename: str, path: str, functions: list[FunctionType]
    ) -> list[tuple[FunctionType, CodeType]]:
        try:
            source = Path(path).read_bytes()
        except OSError as error:
            self.leave_out(path, f"its source can't be read: {error}")
            return []
        # Frozen modules of CPython were compiled without -O, whatever this process's options.
        optimize = 0 if filename.startswith("<frozen ") else sys.flags.optimize
        text = Text(path, filename, source, optimize)
        # If a loader changed the code, only the cache can have its rewritten form.
        texts = (text, text._replace(changed=True))
        known = [rewriter for one in texts if (rewriter := self._warm(one)) is not None]
        changed = in_place.changed(functions, known)
        if len(changed) == len(functions) and not any(rewriter.strange for rewriter in known):
            return changed
        cold = self._cold(text, lambda: compiled(source, filename, optimize))
        if cold is None:
            return []
        changed = in_place.changed(functions, [cold, *known])
        if strange := len(functions) - len(changed):
            self.leave_out(
                path,
                f"{strange} of {len(functions)} functions do not match its source: it has changed "
                "since it was imported, or they were not made from it",
            )
        return changed

    # -- undo -------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take the probes out of every function that still has the code we gave it, and stop
        instrumenting imports. Repeated calls do nothing."""
        with quiet, active.lock:
            if self not in _active:
                return
            _ = self.left_out  # computed while it still can be
            _active.remove(self)
            import_hook.remove(self._importing)
            exec_hook.remove(self._executed)
            self.running = in_place.count_running(self._made)
            made = [f for f in in_place.functions() if self._made(f.__code__)]
            _change([(f, original(f.__code__)) for f in made])
            for other in _active:  # code that both selected, but this one had instrumented
                other._present()
            if not _active:
                marshal_hook.uninstall()
                interrupts.uninstall()

    def _made(self, code: CodeType) -> bool:
        found = origin(code)
        return found is not None and found.owner is self._mark


def _change(functions: list[tuple[FunctionType, CodeType]]) -> None:
    functions = [(f, new) for f, new in functions if new is not f.__code__]
    code_identity.carry((f.__code__, new) for f, new in functions)
    for function, new in functions:
        set_code(function, new)


def instrument(
    source: Iterable[str] | str = (),
    include: Iterable[str] | str = (),
    omit: Iterable[str] | str = (),
    *,
    by_line: bool = False,
    prune: bool = False,
    comparisons: bool = False,
    branch: bool = False,
    exclude: Iterable[str] | str = (),
    store: SymbolStore | None = None,
) -> Instrumentation:
    """Put probes into every basic block of the selected code, imported already or later.

    source: names of packages, or directories. include, omit: file globs. Without source and
    include, everything but the standard library and installed packages is selected. by_line: cut
    blocks at every change of line. prune: omit probes whose hits can be inferred from others;
    reports stay the same, but traces no longer have every block in order (both: docs/blocks.md).
    comparisons: instrument comparisons, too, for KCOV_TRACE_CMP (docs/comparisons.md). branch: with
    by_line, record which way branches go, for reports. exclude: regular expressions; functions and
    classes whose def or class line matches one, or has `# pragma: no kcov`, get no probes. store:
    the symbol store that assigns PCs (default: the user's).

    Raises PykcovError: self-instrumentation, source-missing, glob-empty, glob-bad, exclude-bad,
    store-mixed, and those of SymbolStore.register().
    """
    with quiet, active.lock:
        selection = Selection(*([x] if isinstance(x, str) else x for x in (source, include, omit)))
        options = Options(by_line, prune, comparisons, branch, checked(exclude))
        return _instrument(selection, store or SymbolStore(), options)


def instrument_selected(
    selection: Selection, store: SymbolStore, options: Options
) -> Instrumentation:
    """Do as instrument() does, errors included, with a Selection made before."""
    with quiet, active.lock:
        return _instrument(selection, store, options)


def _instrument(selection: Selection, store: SymbolStore, options: Options) -> Instrumentation:
    if not isinstance(store, SymbolStore):
        raise TypeError(f"store must be a SymbolStore, not {store!r}")
    if _active and _active[-1].store.path != store.path:
        raise PykcovError(
            "store-mixed",
            f"this process already uses the symbol store {_active[-1].store.path}; it can't use "
            f"{store.path}, too",
        )
    made = Instrumentation(store, options, Cache.of(store), selection=selection)
    if not _active:
        interrupts.install()
        marshal_hook.install()
    _active.append(made)
    import_hook.add(made._importing)
    exec_hook.add(made._executed)
    try:
        made._present()
    except BaseException:
        made.undo()
        raise
    return made


def saved() -> dict[str, Any]:
    """Return the state that restore() needs to instrument the same in another process."""
    with active.lock:
        return {
            "store": str(active.current_store().path),
            "instrumented": [[made.selection.saved(), list(made.options)] for made in _active],
        }


def restore(saved: dict[str, Any]) -> list[Instrumentation]:
    """Instrument the same as another process. Raises PykcovError as instrument() does."""
    with quiet, active.lock:
        store = SymbolStore(Path(saved["store"]))
        return [
            _instrument(Selection.restored(selection), store, Options.restored(options))
            for selection, options in saved["instrumented"]
        ]
