"""Who watches an import sees what it is without pykcov: events of trace and profile functions and
of sys.monitoring, frames, tracebacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.watched import WATCHERS

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("watched.py")
NEEDS_MONITORING = ("monitor", "instructions")


def events(folder: Path, watcher: str, *how: str) -> list[str]:
    made, out = folder / "made", folder / "out.txt"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    command = [sys.executable, *how, str(PROGRAM), watcher, str(made), str(out)]
    env = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not how or "instrumented in 12 files" in done.stderr
    assert "left out" not in done.stderr
    return out.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("watcher", WATCHERS)
def test_an_import_is_seen_the_same(tmp_path: Path, watcher: str) -> None:
    if watcher in NEEDS_MONITORING and sys.version_info < (3, 12):
        pytest.skip("this Python has no sys.monitoring")
    plain = events(tmp_path, watcher)
    assert len(plain) > 300
    run = ("-m", "pykcov", "run", "--include", f"{tmp_path}/made/*")
    assert events(tmp_path, watcher, *run) == plain  # from the cache but once: the files are new
    assert events(tmp_path, watcher, *run) == plain
