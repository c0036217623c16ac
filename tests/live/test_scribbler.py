"""The client may write anything anywhere in the area at any time. It can only harm itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from tests.unit.native_raw import compiler

SECONDS = 30 if os.environ.get("PYKCOV_SOAK") else 1

# What a recorder without its checks would do: the guards must catch it, or the test could not fail.
CARELESS = """
import ctypes, os
from tests.unit.native_raw import GuardedArea

fd = os.memfd_create("area")
os.ftruncate(fd, 4096)
words = GuardedArea(fd, 512).words
words[0] = words[511] = 7
print("inside", flush=True)
ctypes.c_uint64.from_address(ctypes.addressof(words) + 8 * {index}).value = 1
print("outside", flush=True)
"""


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS + 120,
    )


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["plain", "unique"])
@pytest.mark.parametrize("recording_mode", ["trace", "blocks"])
@pytest.mark.parametrize("how", ["thread", "process", "both"])
def test_program_under_fire(how: str, recording_mode: str, mode: str) -> None:
    compiler()
    done = run("-m", "tests.live.scribbler", how, recording_mode, mode, str(SECONDS))
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert int(done.stdout) >= 100


@pytest.mark.slow
@pytest.mark.parametrize("index", [-1, -512, 512, 1023])
def test_guards_catch_what_is_outside(index: int) -> None:
    compiler()
    done = run("-c", CARELESS.format(index=index))
    assert (done.returncode, done.stdout) == (-signal.SIGSEGV, "inside\n")
