"""What a machine, or its CPython, may lack: tests that need it are skipped by name."""

from __future__ import annotations

import os
import pty

import pytest


def need_terminals() -> None:
    """Skip the test where no pseudo terminal can be opened, as in a bare chroot."""
    try:
        ends = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo terminals: {error}")
    for end in ends:
        os.close(end)


def need_sysfs() -> None:
    """Skip the test where the host has no /sys/kernel, in which the device's directory is shown."""
    if not os.path.isdir("/sys/kernel"):  # noqa: PTH112
        pytest.skip("sysfs is not mounted: there is no /sys/kernel")
