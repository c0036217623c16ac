"""A client of remote coverage: registers handles, and reads what their sections publish."""

from __future__ import annotations

import mmap
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import pykcov
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_INIT_TRACE,
    KCOV_REMOTE_ENABLE,
    KCOV_TRACE_PC,
    WORD,
)
from pykcov.device.remote_arg import RemoteArg


class Collector:
    """In `with`: one descriptor, enabled for `handles`, numbers or strings. size: in words.

    It has a thread of its own: a task has one kcov, and many tests have several clients.
    """

    def __init__(
        self,
        *handles: int | str,
        size: int = 1 << 12,
        area_size: int = 1 << 12,
        common: int = 0,
        recording_mode: str = "trace",
    ) -> None:
        numbers = tuple(map(pykcov.handle_of, handles))
        self.arg = RemoteArg(KCOV_TRACE_PC, area_size, common, numbers)
        self.size = size
        self._pool = ThreadPoolExecutor(1)
        self.descriptor = pykcov.open(recording_mode)
        self.descriptor.ioctl(KCOV_INIT_TRACE, size)
        self.area: mmap.mmap = self.descriptor.mmap(size * WORD)

    def enable(self) -> None:
        argument = self.arg.encode()
        self._pool.submit(self.descriptor.ioctl, KCOV_REMOTE_ENABLE, argument).result()

    def disable(self) -> None:
        self._pool.submit(self.descriptor.ioctl, KCOV_DISABLE).result()

    def close(self) -> None:
        self._pool.shutdown()
        self.descriptor.close()

    def __enter__(self) -> Collector:
        self.enable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.disable()
        self.close()

    @property
    def count(self) -> int:
        return int.from_bytes(self.area[:WORD], "little")

    @count.setter
    def count(self, value: int) -> None:
        self.area[:WORD] = value.to_bytes(WORD, "little")

    def pcs(self) -> list[int]:
        """What has been published."""
        with memoryview(self.area) as view, view.cast("Q") as words:
            return words[1 : 1 + self.count].tolist()

    def take(self) -> list[int]:
        """The same; then store 0."""
        found = self.pcs()
        self.count = 0
        return found
