"""`with` for what has a close()."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """At the end of `with`, close() is called."""

    def close(self) -> None:
        """Close it. Twice is once."""
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
