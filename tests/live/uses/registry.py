"""How workloads are registered by the name of the module that they use."""

from __future__ import annotations

import gc
import sys

# typing and collections.abc are among the modules under test: importing them is their workload's.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    Use = Callable[[], object]


class Uses(dict[str, "Use"]):
    """Workloads by the name of the module whose code they run."""

    def of(
        self, module: str, since: tuple[int, int] = (3, 11), before: tuple[int, int] = (4, 0)
    ) -> Callable[[Use], Use]:
        """Register a workload, unless this version of Python lacks the module."""

        def register(use: Use) -> Use:
            if since <= sys.version_info[:2] < before:
                if module in self:
                    raise ValueError(f"two workloads for {module}")
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


def merged(*parts: ModuleType) -> Uses:
    """The workloads of several modules."""
    whole = Uses()
    for part in parts:
        if clash := whole.keys() & part.USES.keys():
            raise ValueError(f"two workloads each for {sorted(clash)}")
        whole |= part.USES
    return whole
