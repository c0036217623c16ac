"""Every snippet and command of the documentation runs, and prints what the page says."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
# Read from top to bottom, as a newcomer does: all fences run in one folder, a copy of the checkout.
IN_ORDER = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "tutorial.md")
OTHERS = sorted({ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")} - set(IN_ORDER))
# A text fence right behind a Python one is what that prints.
FENCE = re.compile(r"^```(\w+)\n(.*?)^```(?:\n\n?```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)


class Fence(NamedTuple):
    """kind: console or python. printed: what the page says that Python prints, or ""."""

    kind: str
    text: str
    printed: str


def fences(page: Path) -> list[Fence]:
    found = [Fence(*match) for match in FENCE.findall(page.read_text(encoding="utf-8"))]
    return [fence for fence in found if fence.kind != "text"]  # a drawing


PROGRAM = "import sys, tomllib\nprint(tomllib.loads('a = 1'), sys.argv[1:])\n"
# These set up environments, from the network, or run the tests from within the tests; .ci/run does
# that. make bench takes long; tests/live/test_bench.py runs its quick form.
LEFT_OUT = ("make ", "python3 -m venv ", ". ", "pip install ")
# What differs from run to run, and what depends on the CPython.
VARIES = (
    (re.compile(r"0xffffffff8[0-9a-f]{7}"), "PC"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s)\b"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "CLOCK"),
    (re.compile(r"\b\d+ (blocks?|records?)\b"), r"N \1"),
    (re.compile(r"^(shop +)\d+( +\d+ +\d+ )", re.MULTILINE), r"\1PID\2"),
)


def run(command: list[str] | str, folder: Path) -> subprocess.CompletedProcess[str]:
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env={**os.environ, "PATH": scripts, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


def compare(wanted: str, printed: str) -> None:
    """Raise where what is printed isn't what the page says; there, ... stands for anything."""
    for varying, name in VARIES:
        wanted, printed = varying.sub(name, wanted), varying.sub(name, printed)
    how = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(wanted, printed, how), f"{wanted}\n---\n{printed}"


def check(fence: Fence, folder: Path) -> None:
    if fence.kind == "python":
        done = run([sys.executable, "-W", "error", "-c", fence.text], folder)
        assert done.returncode == 0, done.stdout
        if fence.printed:
            compare(fence.printed, done.stdout)
        return
    assert fence.kind == "console"
    before, *parts = re.split(r"^\$ ", fence.text, flags=re.MULTILINE)
    assert not before
    assert parts
    for part in parts:
        line, _, wanted = part.partition("\n")
        command = line.partition("  #")[0]
        if command.startswith(LEFT_OUT):
            continue
        done = run(command, folder)
        assert done.returncode == 0, f"{command}: {done.stdout}"
        if wanted.strip():
            compare(wanted, done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("page", IN_ORDER, ids=lambda page: page.name)
def test_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    try:
        for fence in fences(page):
            check(fence, tmp_path)
    finally:
        run("kill $(cat pid)", tmp_path)  # the service, where a fence failed before it was ended


@pytest.mark.slow
@pytest.mark.parametrize(
    "fence",
    [
        pytest.param(fence, id=f"{page.name}:{n}")
        for page in OTHERS
        for n, fence in enumerate(fences(page))
    ],
)
def test_a_snippet_runs_by_itself(fence: Fence, tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    check(fence, tmp_path)


def test_what_is_printed_is_compared() -> None:
    compare("a 12 blocks\n...\nend\n", "a 13 blocks\nany\nthing\nend\n")
    with pytest.raises(AssertionError):
        compare("a 12 lines\n", "a 13 lines\n")


@pytest.mark.slow
def test_the_demo_tells_the_two_documents_apart(tmp_path: Path) -> None:
    done = run([sys.executable, str(ROOT / "examples" / "demo.py")], tmp_path)
    assert done.returncode == 0, done.stdout
    first, second = done.stdout.split("2. the same")
    assert re.search(r"\n  \d tables\n", first)
    assert "TOMLDecodeError" in second
    assert re.search(r"0xffffffff8[0-9a-f]{7}  _parser\.py:", first)
    assert "suffixed_err" in second.split("Lines that only the second document reached:")[1]
    assert "\033[" not in done.stdout, "no colour where there is no terminal"
