"""Branches in reports: as coverage.py has them of a run of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.commands import python
from tests.report.counting_oracle import spread
from tests.report.made import called, pykcov

COUNTED = Path(__file__).parent / "counted"
KEYS = ("executed_lines", "executed_branches", "missing_branches", "missing_lines", "summary")

PROGRAM = """\
import contextlib
def f(n):
    with contextlib.nullcontext():
        if n > 1:
            n += 1
    if n:
        n = 2
def never(n):
    if n:
        return 1
for i in range(5):
    f(i)
"""


def told(folder: Path, name: str) -> dict[str, Any]:
    """What a JSON report says of prog.py."""
    file = json.loads((folder / name).read_text(encoding="utf-8"))["files"]["prog.py"]
    return {key: file[key] for key in KEYS}


def coverage(folder: Path, *words: str) -> None:
    env = {"COVERAGE_CORE": "ctrace", "COVERAGE_FILE": str(folder / "theirs")}
    python("-m", "coverage", *words, folder=folder, env=env, status=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* in a 'finally' block:SyntaxWarning")  # since 3.14
@pytest.mark.parametrize(
    ("name", "form"),
    [("kinds", "as it is"), ("kinds", "over lines"), ("with_that_swallows", "as it is")],
)
def test_branches_are_coverage_pys(name: str, form: str, tmp_path: Path) -> None:
    text = (COUNTED / f"{name}.txt").read_text(encoding="utf-8")
    (tmp_path / "prog.py").write_text(text if form == "as it is" else spread(text))
    coverage(tmp_path, "run", "--branch", "prog.py")
    coverage(tmp_path, "json", "-o", "theirs.json")
    pykcov(tmp_path, "run", "--data", "ours", "--branch", "prog.py")
    called(tmp_path, "json", "--data", "ours", "-o", "ours.json")
    assert told(tmp_path, "ours.json") == told(tmp_path, "theirs.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program that was run with branches."""
    (tmp_path / "prog.py").write_text(PROGRAM)
    (tmp_path / "pyproject.toml").write_text("[tool.pykcov]\nbranch = true\ndata = 'ours'\n")
    pykcov(tmp_path, "run", "--data", "ours", "prog.py")
    return tmp_path


@pytest.mark.slow
@pytest.mark.once
def test_reports_have_branches(folder: Path) -> None:
    table = called(folder, "report", "-m").stdout.splitlines()
    assert table[0].split() == ["Name", "Stmts", "Miss", "Branch", "BrPart", "Cover", "Missing"]
    assert table[2].split() == ["prog.py", "12", "2", "8", "0", "80%", "9-10"]
    called(folder, "xml", "-o", "out.xml")
    assert 'condition-coverage="100% (2/2)"' in (folder / "out.xml").read_text()
    called(folder, "coverage", "-o", "theirs")
    coverage(folder, "json", "-o", "theirs.json")
    called(folder, "json", "-o", "ours.json")
    assert told(folder, "ours.json") == told(folder, "theirs.json")


@pytest.mark.slow
@pytest.mark.once
def test_lcov_has_how_often_branches_were_taken(folder: Path) -> None:
    lines = called(folder, "lcov", "-o", "-").stdout.splitlines()
    assert [line for line in lines if line.startswith("BRDA")] == [
        "BRDA:4,0,jump to line 5,3",
        "BRDA:4,0,jump to line 6,2",
        "BRDA:6,0,jump to line 7,4",
        "BRDA:6,0,return from function 'f',1",
        "BRDA:9,0,jump to line 10,-",
        "BRDA:9,0,return from function 'never',-",
        "BRDA:11,0,jump to line 12,5",
        "BRDA:11,0,exit the module,1",
    ]


@pytest.mark.slow
@pytest.mark.once
def test_branches_of_tests(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def f(n):\n    if n:\n        n += 1\n    return n\n")
    (tmp_path / "test_app.py").write_text("import app\ndef test_f():\n    assert app.f(1) == 2\n")
    options = ["--pykcov=app", "--pykcov-branch", "--pykcov-report=term-missing"]
    without = ["-p", "no:cacheprovider", "-p", "no:pytest_cov"]
    env = {"PYKCOV_STORE": str(tmp_path / "store"), "PYTHONPATH": str(tmp_path)}
    done = python("-m", "pytest", *options, *without, folder=tmp_path, env=env)
    assert done.returncode == 0, done.stdout
    assert "app.py       4      0      2      1    83%   2->4" in done.stdout


@pytest.mark.once
def test_branches_are_for_data(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("")
    done = pykcov(tmp_path, "run", "--branch", "--trace", "out", "prog.py", status=1)
    assert done.stderr.endswith("[usage]\n")
