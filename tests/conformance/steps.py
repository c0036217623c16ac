"""Steps that many tests of the device begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.conformance.adapter import PAGE_WORDS, Task

from pykcov.abi.kcov import KCOV_ENABLE, KCOV_INIT_TRACE

SIZE = PAGE_WORDS


@contextmanager
def raises(error: int) -> Iterator[None]:
    """Expect an OSError with this errno."""
    with pytest.raises(OSError) as caught:  # noqa: PT011
        yield
    assert caught.value.errno == error


def inited(task: Task) -> int:
    fd = task.open()
    task.ioctl(fd, KCOV_INIT_TRACE, SIZE)
    return fd


def enabled(task: Task) -> int:
    fd = inited(task)
    task.ioctl(fd, KCOV_ENABLE)
    return fd


BAD_MODES = (2, 3, 100, 2**32, 2**64 - 1)


def number_of(pc: int) -> int:
    """The bit of a PC, as docs/device.md has it."""
    return (pc - 0xFFFFFFFF80000000) // 8 - 1
