"""What the workloads share: how they are registered, imports from source, expected errors."""

from __future__ import annotations

import gc
import sys

# typing and collections.abc are among the modules under test: importing them is their workload's.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Use = Callable[[], object]


class Uses(dict[str, "Use"]):
    """Workloads by the name of the module whose code they run."""

    def of(
        self, module: str, since: tuple[int, int] = (3, 11), before: tuple[int, int] = (4, 0)
    ) -> Callable[[Use], Use]:
        """Register a workload, unless this version of Python lacks the module."""

        def register(use: Use) -> Use:
            if module in self:
                raise ValueError(f"two workloads for {module}")
            if since <= sys.version_info[:2] < before:
                self[module] = uncollected(use)
            return use

        return register


def uncollected(use: Use) -> Use:
    """A workload during which the garbage collector does not run.

    When it runs depends on every allocation of the process, a tracer's too, and finalizers would
    run with it. What was left uncollected is frozen, so that enabling cannot collect it either.
    """

    def run() -> object:
        enabled = gc.isenabled()
        gc.disable()
        try:
            return use()
        finally:
            if enabled:
                gc.freeze()
                gc.enable()

    return run


def fresh(name: str, *without: str) -> Any:
    """Import a module anew and from its source file, as if the modules in `without` were missing.

    Many modules replace their functions by C ones when those can be imported, and some modules
    are frozen into the interpreter; in both cases nothing of the .py file would run.
    """
    import importlib
    import importlib.machinery
    import warnings

    frozen = importlib.machinery.FrozenImporter
    finders = sys.meta_path[:]
    modules = {key: sys.modules.get(key) for key in (name, *without)}
    quiet = warnings.catch_warnings()
    sys.meta_path[:] = [finder for finder in finders if finder is not frozen]
    sys.modules.pop(name, None)
    sys.modules.update(dict.fromkeys(without))  # type: ignore[arg-type]  # None: "is missing"
    try:
        with quiet:
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(name)
    finally:
        sys.meta_path[:] = finders
        for key, module in modules.items():
            sys.modules.pop(key, None)
            if module is not None:
                sys.modules[key] = module


def define(source: str, **names: Any) -> dict[str, Any]:
    """Run a source text that sees `names`, and give all its names.

    For workloads that look at code objects: an instrumented function has other bytecode.
    """
    names["__name__"] = "demo"
    exec(compile(source, "<demo>", "exec", dont_inherit=True), names)
    return names


def error(call: Callable[..., object], *args: object, **kwargs: object) -> str:
    """Name the exception that a call raises.

    Releases disagree about a few inputs, so a call that raises nothing is an answer too.
    """
    try:
        call(*args, **kwargs)
    except Exception as exc:
        return type(exc).__name__
    return "no error"
