"""Every snippet and command of the documentation runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(kind, text, id=f"{page.name}:{n}")
    for page in PAGES
    for n, (kind, text) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")))
]

PROGRAM = "import sys, tomllib\nprint(tomllib.loads('a = 1'), sys.argv[1:])\n"
# make demo and make test would set up a second environment, and test within the test: .ci/run does.
# make bench takes long; tests/live/test_bench.py runs its quick form.
LEFT_OUT = ("make demo", "make test", "make bench")


def run(command: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env={**os.environ, "PATH": scripts},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_it_runs(kind: str, text: str, tmp_path: Path) -> None:
    if kind == "python":
        done = run([sys.executable, "-W", "error", "-c", text], tmp_path)
        assert done.returncode == 0, done.stderr
        return
    assert kind == "console"
    (tmp_path / "prog.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    commands = [line[2:].partition("  #")[0] for line in text.splitlines() if line.startswith("$ ")]
    assert commands
    for command in commands:
        if not command.strip().startswith(LEFT_OUT):
            done = run(command, tmp_path)
            assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.mark.slow
def test_the_demo_tells_the_two_documents_apart(tmp_path: Path) -> None:
    done = run([sys.executable, str(ROOT / "examples" / "demo.py")], tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.split("2. the same")
    assert "3 tables" in first
    assert "TOMLDecodeError" in second
    assert re.search(r"0xffffffff8[0-9a-f]{7}  _parser\.py:", first)
    assert "suffixed_err" in second.split("Lines that only the second document reached:")[1]
    assert "\033[" not in done.stdout, "no colour where there is no terminal"
