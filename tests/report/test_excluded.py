"""Functions that have no probes since a person left them out are not missing in reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.report.made import pykcov

pytestmark = [pytest.mark.slow, pytest.mark.once]

TEXT = """\
def f(n):
    return n or _dump(n)

@print
@f
def _dump(n):
    print(n)

class C:  # pragma: no kcov
    def g(self):
        return 1

def long(
    n=1,
) -> int:  # pragma: no kcov
    return n

f(1)
C().g()
long()
"""
PRAGMAS = [9, 10, 11, 13, 14, 15, 16]  # the lines of what has one


def found(folder: Path, *words: str) -> tuple[list[int], list[int], list[int]]:
    pykcov(folder, "json", "-q", "-o", "out.json", *words)
    file = json.loads((folder / "out.json").read_text())["files"]["prog.py"]
    return tuple(file[f"{kind}_lines"] for kind in ("executed", "missing", "excluded"))


def test_the_pragma(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(TEXT)
    pykcov(tmp_path, "run", "prog.py")
    executed, missing, excluded = found(tmp_path)
    assert executed == [1, 2, 4, 5, 6, 18, 19, 20]
    assert missing == [7]
    assert excluded == PRAGMAS


@pytest.mark.parametrize("pattern", ["_dump", "^def _d.m", r"def \w+\(n\):$", "@print"])
def test_patterns(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "prog.py").write_text(TEXT)
    (tmp_path / "pyproject.toml").write_text(f"[tool.pykcov]\nexclude = ['{pattern}']\n")
    pykcov(tmp_path, "run", "prog.py")
    in_settings = found(tmp_path)
    (tmp_path / "pyproject.toml").unlink()
    pykcov(tmp_path, "run", "--exclude", pattern, "prog.py")
    assert found(tmp_path, "--exclude", pattern) == in_settings
    executed, missing, excluded = in_settings
    both = r"\w" in pattern
    assert executed == ([] if both else [1, 2]) + [18, 19, 20]
    assert missing == []
    assert excluded == ([1, 2] if both else []) + [4, 5, 6, 7, *PRAGMAS]


def test_a_wrong_pattern(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("x = 1\n")
    done = pykcov(tmp_path, "run", "--exclude", "(", "prog.py", status=1)
    assert "'(' in exclude is not a regular expression" in done.stderr
    assert "[config-bad]" in done.stderr
