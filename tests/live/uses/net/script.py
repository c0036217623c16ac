"""A peer whose words are known beforehand."""

# Calls stand in rows, as in a table; one to a line, they would hide what is used of a module.
# fmt: off
# Private names and wrong arguments are used on purpose.
# mypy: ignore-errors

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Script:
    """A socket whose peer's words are known beforehand."""

    def __init__(self, said: bytes) -> None:
        import io

        self.incoming, self.sent = io.BufferedReader(io.BytesIO(said)), b""

    def makefile(self, mode: str = "rb", *args: object, **kwargs: object) -> Any:
        return self.incoming

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.sent += bytes(data)

    def settimeout(self, seconds: float | None) -> None: ...

    def setsockopt(self, *args: object) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...
