"""How workloads are registered."""

from __future__ import annotations

import gc
import sys

# typing and collections.abc are among the modules under test: importing them is their workload's.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Use:
    """A workload: run() uses the module, or package, of the name `subject`."""

    def __init__(self, subject: str, run: Callable[[], object]) -> None:
        self.subject, self._run = subject, run

    def run(self) -> None:
        """Run it, without a garbage collection.

        When that comes depends on every allocation of the process, a tracer's too, and finalizers
        would run with it. What was left uncollected is frozen, so that enabling cannot collect it.
        """
        enabled = gc.isenabled()
        gc.disable()
        try:
            self._run()
        finally:
            if enabled:
                gc.freeze()
                gc.enable()


class Uses(dict[str, Use]):
    """Workloads by name."""

    def of(
        self, subject: str, name: str = "", since: tuple[int, int] = (3, 11)
    ) -> Callable[[Callable[[], object]], Callable[[], object]]:
        """Register a workload, by default under its subject's name, unless this Python is older."""
        name = name or subject

        def register(run: Callable[[], object]) -> Callable[[], object]:
            if name in self:
                raise ValueError(f"two workloads are called {name}")
            if sys.version_info >= since:
                self[name] = Use(subject, run)
            return run

        return register
