"""A base class of objects with a close(): makes them context managers."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """Calls close() at the end of a `with` block."""

    def close(self) -> None:
        """Close it. Repeated calls do nothing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
