"""pykcov run --device, and pykcov ls."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.commands import python

import pykcov

pytestmark = pytest.mark.once

PROGRAM = """
import sys

import pykcov


def work(n):
    if n % 2:
        return "odd"
    return "even"


print("ready", flush=True)
for line in sys.stdin:
    handle, n = line.split()
    with pykcov.remote(handle):
        answer = work(int(n))
    print(answer, flush=True)
"""


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "pykcov", *map(str, words)]


def test_a_program_is_shown_and_listed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    words = command("run", "--source", tmp_path, "--device", "shown", program, "an argument")
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        listed = subprocess.run(command("ls"), capture_output=True, text=True, check=True).stdout
        assert listed.splitlines()[0].split() == ["name", "pid", "blocks", "descriptors", "program"]
        row = next(line for line in listed.splitlines() if line.startswith("shown "))
        assert row.split()[1] == str(process.pid)
        rows = subprocess.run(command("ls", "--json"), capture_output=True, text=True, check=True)
        found = next(
            found for found in map(json.loads, rows.stdout.splitlines()) if found["name"] == "shown"
        )
        assert (found["pid"], found["descriptors"]) == (process.pid, 0)
        assert found["blocks"] > 3
        with pykcov.connect("shown").remote("a") as t:
            for n in (1, 2):
                process.stdin.write(f"a {n}\n")
                process.stdin.flush()
                process.stdout.readline()
        lines = [block.start_line for block in t.blocks]
        assert lines.count(8) == 2
        assert {9, 10} <= set(lines)
        process.stdin.close()
        assert process.wait() == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    listed = subprocess.run(command("ls"), capture_output=True, text=True, check=True).stdout
    assert "shown " not in listed


@pytest.mark.parametrize(
    ("options", "slug"),
    [(["--device", "a/b"], "device-name"), (["--device", "x", "--trace", "t"], "usage")],
)
def test_one_line_says_what_is_wrong(tmp_path: Path, options: list[str], slug: str) -> None:
    (tmp_path / "p.py").write_text("print(1)\n")
    done = subprocess.run(
        command("run", *options, "p.py"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"[{slug}]\n")
    assert done.stderr.count("\n") == 1


def test_pykcov_run_inside_a_service(name: str, tmp_path: Path) -> None:
    """It is no worker: it has a store, and a selection, of its own."""
    (tmp_path / "p.py").write_text("print(1)\n")
    with pykcov.instrument(include=["**/tests/live/subject.py"]), closing(pykcov.serve(name)):
        options = ["--store", str(tmp_path / "store"), "--include", f"{tmp_path}/*.py"]
        done = python("-m", "pykcov", "run", *options, str(tmp_path / "p.py"))
        assert (done.returncode, done.stdout) == (0, "1\n")
        assert done.stderr.endswith(" instrumented in 1 file\n")
