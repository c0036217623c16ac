"""Guests that mean harm, and guests that go on for long; the supervisor survives, and is clean."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.guest.facts import Clients
from tests.guest.running import Guests

HERE = Path(__file__).parent
SOAK = bool(os.environ.get("PYKCOV_SOAK"))

Supervise = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.fixture
def supervise(guests: Guests, clients: Clients) -> Supervise:
    """Run a client under a kernel with leaks as errors; return what was seen."""

    def supervise(client: str, *args: object, kernel: str, options: Any = ()) -> dict[str, Any]:
        script = [sys.executable, "-W", "error", "-m", "tests.guest.supervise"]
        done = subprocess.run(
            [*script, HERE / "kernels" / kernel, *options, clients[client], *map(str, args)],
            env=guests.env,
            cwd=HERE.parents[1],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        *said, result = done.stdout.splitlines()
        seen: dict[str, Any] = json.loads(result)
        return {**seen, "said": said, "errors": done.stderr}

    return supervise


def assert_clean(seen: dict[str, Any]) -> None:
    """Nothing is left, and memory is flat."""
    assert seen["exit"] == 0, seen
    assert not seen["references"]
    assert not seen["descriptors"]
    assert not seen["threads"]
    assert seen["memory"] < 4096, "KiB"


@pytest.mark.parametrize("options", [(), ("--strict",)], ids=["plain", "strict"])
def test_a_hostile_guest_harms_nobody(
    supervise: Supervise, options: tuple[str, ...], note: Callable[[str], None]
) -> None:
    steps = 1_000_000 if SOAK else 20_000
    seen = supervise("hostile", 20261121, steps, 3, kernel="hostile.py", options=options)
    assert_clean(seen)
    assert seen["said"] == [f"{steps} steps"]
    bystander = seen["errors"].strip()
    assert bystander.startswith("bystander: ")
    assert bystander.count("\n") == 0, bystander
    note(f"hostile guest: {steps} steps in {seen['seconds']:.0f} s; {bystander}")


def test_eight_threads_go_on_for_long(supervise: Supervise, note: Callable[[str], None]) -> None:
    calls = 200_000 if SOAK else 5_000
    seen = supervise("soak", 8, calls, kernel="soak.py")
    assert_clean(seen)
    assert seen["said"] == [f"{8 * calls} calls, {8 * calls} answered, 0 bad"]
    assert seen["most threads"] < 12
    note(f"soak of 8 threads x {calls} calls: {seen['seconds']:.0f} s, {seen['memory']} KiB more")
