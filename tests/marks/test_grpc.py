"""gRPC: calls of all kinds at once are each traced as alone; who has a message has its trace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("grpc")
pytestmark = [pytest.mark.slow, pytest.mark.once]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_32_in_flight(kind: str, note: Callable[[str], None]) -> None:
    command = [sys.executable, "-m", "tests.marks.grpc_program", kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    note(f"gRPC of {kind}: {int(done.stdout)} calls traced as alone")
