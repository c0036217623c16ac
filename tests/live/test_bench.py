"""The benchmark suite works: all of it, with less of everything, and its page is what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

import pytest
from bench import codes, figures, goals, made
from bench.rows import ROWS

import pykcov
from pykcov.probe import running

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("PYKCOV_SOAK"), reason="takes a minute: PYKCOV_SOAK=1")
def test_the_quick_form_measures_all_that_is_here(
    tmp_path: Path, note: Callable[[str], None]
) -> None:
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", "--quick", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    data = json.loads(out.read_text(encoding="utf-8"))
    for name, why in data["left out"].items():
        note(f"bench: left out: {name}: {why}")
        assert f"left out: {name}: {why}" in done.stdout
    rows = {name for name in ROWS if name not in data["left out"]}
    assert {"plain", "three NOPs", "empty probe", "pykcov trace"} <= rows
    fib = data["programs"]["fib"]
    assert set(fib["rows"]) == rows
    assert fib["records"]["pykcov trace"] > 10 * fib["records"]["pykcov blocks"] > 0
    for section in ("programs", "one", "scale", "guests", "services"):
        assert data[section], section
    assert all(text in done.stdout for text, *_ in goals.rows(data))


def test_a_goal_is_met_when_each_figure_meets_it() -> None:
    goal = goals.Goal("", "<=", 2, lambda data: data)
    assert goal.judge({"a": 1.5, "b": 2}) == ("1.500 a; 2.000 b", "met")
    assert goal.judge({"a": 1.5, "b": 2.1})[1] == "not met"
    assert goal.judge({})[1] == "not measured"


def test_added_time_is_of_means_over_a_group() -> None:
    def program(trace: float, atheris: float) -> dict[str, object]:
        rows = {"pykcov trace": {"ratio": trace}, "atheris": {"ratio": atheris}}
        return {"group": "loop-heavy", "rows": rows}

    data = {"programs": {"a": program(1, 4), "b": program(4, 4)}}  # means: 2 and 4
    added = next(goal for goal in goals.GOALS if "Atheris" in goal.text)
    assert added.values(data) == {"loop-heavy": 3}


def test_every_table_and_figure_is_quoted_by_a_page() -> None:
    docs = Path(__file__).parents[2] / "docs"
    text = (docs / "performance.md").read_text(encoding="utf-8")
    for name, table in figures.TABLES.items():
        assert f"<!-- {name}: made by make docs -->\n{table()}\n<!-- end -->" in text, name
    pages = [docs.parent / "README.md", *docs.rglob("*.md")]
    text = "".join(one.read_text(encoding="utf-8") for one in pages)
    for name, word in figures.WORDS.items():
        assert f"<!-- ={name} -->{word()}<!-- end -->" in text, name


@pytest.mark.slow  # it compiles
@pytest.mark.parametrize("into", codes.CHANGES)
def test_what_replaces_probes_records_nothing_and_changes_nothing_else(
    into: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("pykcov.instrumentation.bytecode.rewrite.find_spots", codes.at_heads)
    made.write(tmp_path, f"made_{into}", 1)
    with pykcov.instrument(include=[str(tmp_path / f"made_{into}.py")]) as handle:
        probed = made.load(tmp_path, f"made_{into}").f0
        assert handle.blocks >= made.BLOCKS
        changed = FunctionType(codes.CHANGES[into](probed.__code__), {})
        with pykcov.trace() as t:
            results = [changed(x) for x in (0, 2, 99)]
        assert not t.pcs
        with pykcov.trace() as t:
            assert [probed(x) for x in (0, 2, 99)] == results
        assert t.pcs
        assert len(changed.__code__.co_code) == len(running(probed.__code__).co_code)
    sys.modules.pop(f"made_{into}")
