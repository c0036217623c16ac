"""run --data, report, html, xml, json, lcov, coverage, combine, diff, as people type them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import coverage
import pytest
from tests.report.made import pykcov

pytestmark = pytest.mark.once

PROGRAM = """\
import os, sys, threading

def odd(n):
    total = 0
    for i in range(n):
        if i % 2:
            total += i
        else:
            total -= 1
    return total

def fails():
    try:
        int("x")
        return 1
    except ValueError:
        return 2

def left_out():  # pragma: no cover
    return 3

def never():
    return 4

odd(10)
fails()
thread = threading.Thread(target=odd, args=(4,))
thread.start()
thread.join()
if len(sys.argv) > 1:
    pid = os.fork()
    if pid == 0:
        odd(2)
        sys.exit()
    os.waitpid(pid, 0)
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program that has been run, and its data."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "prog.py").write_text(PROGRAM)
    (folder / "other.py").write_text("a = 1\n")
    pykcov(folder, "run", "--data", ".pykcov", "--context", "one", "prog.py")
    return folder


@pytest.fixture
def folder(measured: Path, tmp_path: Path) -> Path:
    """The same, to change; files are where they were."""
    shutil.copy(measured / ".pykcov", tmp_path)
    return tmp_path


def test_the_table(measured: Path) -> None:
    table = pykcov(measured, "report", "-m").stdout.splitlines()
    assert table[2].split() == ["prog.py", "22", "2", "91%", "15,", "23"] or table[2].split()[
        0
    ] == ("prog.py")
    assert table[-1].split()[0] == "TOTAL"


def test_lines_are_those_of_coverage_py(measured: Path) -> None:
    pykcov(measured, "json")
    ours = json.loads((measured / "coverage.json").read_text())["files"]["prog.py"]
    for words in (["run", "prog.py"], ["json", "-q", "-o", "theirs.json"]):
        command = [sys.executable, "-m", "coverage", words[0], "--data-file=theirs", *words[1:]]
        subprocess.run(command, cwd=measured, check=True)
    theirs = json.loads((measured / "theirs.json").read_text())["files"]["prog.py"]
    for kind in ("executed_lines", "missing_lines", "excluded_lines"):
        assert ours[kind] == theirs[kind]


def test_true_hit_counts(measured: Path) -> None:
    pykcov(measured, "lcov", "-o", "out.lcov")
    text = (measured / "out.lcov").read_text()
    hits = {int(line): int(count) for line, count in re.findall(r"DA:(\d+),(\d+)", text)}
    assert {line: hits[line] for line in (4, 6, 7, 9, 10, 14, 17, 23)} == {
        4: 2, 6: 14, 7: 7, 9: 7, 10: 2, 14: 1, 17: 1, 23: 0,
    }  # fmt: skip
    assert 20 not in hits  # no cover
    assert "LF:" in text
    assert "end_of_record" in text


def test_forked_children_count(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(PROGRAM)
    pykcov(tmp_path, "run", "--data", ".pykcov", "prog.py", "fork")
    pykcov(tmp_path, "lcov", "-o", "out.lcov")
    assert "DA:6,16" in (tmp_path / "out.lcov").read_text()


def test_a_coverage_file_for_others(measured: Path) -> None:
    pykcov(measured, "coverage", "-o", "made.coverage", "--source", ".")
    data = coverage.CoverageData(basename=str(measured / "made.coverage"))
    data.read()
    assert data.measured_contexts() == {"one"}
    assert set(data.measured_files()) == {str(measured / "prog.py"), str(measured / "other.py")}
    assert data.lines(str(measured / "other.py")) == []


def test_relative_files(measured: Path) -> None:
    (measured / "pyproject.toml").write_text("[tool.pykcov]\nrelative_files = true\n")
    try:
        pykcov(measured, "coverage", "-o", "relative.coverage")
    finally:
        (measured / "pyproject.toml").unlink()
    data = coverage.CoverageData(basename=str(measured / "relative.coverage"))
    data.read()
    assert data.measured_files() == {"prog.py"}
    assert 1 in (data.lines("prog.py") or ())


def test_the_other_reports(measured: Path) -> None:
    pykcov(measured, "xml")
    root = ElementTree.parse(measured / "coverage.xml").getroot()
    assert float(root.attrib["line-rate"]) > 0.7
    pykcov(measured, "html", "-o", "pages")
    assert "prog.py" in (measured / "pages" / "index.html").read_text()
    table = pykcov(measured, "report", "--source", ".").stdout
    assert re.search(r"other\.py +1 +1 +0%", table)
    for verb in ("report", "xml", "lcov"):
        done = pykcov(measured, verb, "--contexts", "nobody", status=1)
        assert done.stderr.strip().endswith("[context-unknown]")


def test_fail_under_and_configuration(folder: Path, measured: Path) -> None:
    assert "is less than 99 %" in pykcov(folder, "report", "--fail-under", "99", status=2).stderr
    pykcov(folder, "report", "--fail-under", "50")
    (folder / "pyproject.toml").write_text(
        "[tool.pykcov]\nfail_under = 99\nprecision = 2\nexclude_also = ['def never']\n"
        f"omit = ['{measured}/other.py']\n"
    )
    done = pykcov(folder, "report", "-m", status=2)
    assert "% is less than 99 %" in done.stderr
    assert "23" not in done.stdout.splitlines()[2].split("%")[-1]
    pykcov(folder, "report", "--fail-under", "1")  # the command line is above it


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.pykcov]\nsorce = []", "has no 'sorce'"),
        ("[tool.pykcov]\nsource = 'a'", "source in [tool.pykcov] must be of type list"),
        ("[tool.pykcov", "cannot read pyproject.toml"),
    ],
)
def test_a_configuration_that_is_wrong(folder: Path, text: str, told: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    (line,) = pykcov(folder, "report", status=1).stderr.splitlines()
    assert told in line
    assert line.endswith("[config-bad]")


def test_a_source_that_has_changed_is_said_so(tmp_path: Path) -> None:
    program = tmp_path / "prog.py"
    program.write_text(PROGRAM)
    pykcov(tmp_path, "run", "--data", ".pykcov", "prog.py")
    program.write_text("# one line more\n" + PROGRAM)
    done = pykcov(tmp_path, "report", status=1)
    assert re.search(r"prog\.py has changed since: \d+ blocks", done.stderr)
    assert "prog.py" not in done.stdout
    pykcov(tmp_path, "run", "--data", ".pykcov", "prog.py")
    done = pykcov(tmp_path, "lcov", "-o", "out")
    assert "has changed since" in done.stderr
    assert "DA:7,14" in (tmp_path / "out").read_text()


def test_combine_over_machines(tmp_path: Path) -> None:
    for machine in ("here", "there"):
        (tmp_path / machine / "src").mkdir(parents=True)
        (tmp_path / machine / "src" / "prog.py").write_text(PROGRAM)
        pykcov(tmp_path / machine, "run", "--data", "d", "src/prog.py")
    here = tmp_path / "here"
    (here / "pyproject.toml").write_text(
        f"[tool.pykcov.paths]\nsource = ['src', '{tmp_path}/there/src']\n"
    )
    pykcov(here, "combine", "d", "../there/d")
    assert (here / "d").exists()
    pykcov(here, "lcov", "-o", "out")
    assert "DA:6,28" in (here / "out").read_text()
    (line,) = pykcov(here, "combine", "nothing", status=1).stderr.splitlines()
    assert line.endswith("[data-missing]")
    assert "left out d" in pykcov(here, "combine", "--data", "d", "d").stderr


def test_without_coverage_py(folder: Path) -> None:
    (folder / "coverage.py").write_text("raise ImportError\n")
    done = pykcov(folder, "report", status=1, PYTHONPATH=str(folder))
    assert done.stderr.strip().endswith("[coverage-missing]")


def test_diff_and_formats(tmp_path: Path) -> None:
    program = "import sys\nif len(sys.argv) > 1:\n    print(1)\nelse:\n    print(2)\n"
    (tmp_path / "prog.py").write_text(program)
    pykcov(tmp_path, "run", "--trace", "a", "prog.py")
    pykcov(tmp_path, "run", "--trace", "b", "prog.py", "x")
    where = str(tmp_path / "prog.py")
    assert pykcov(tmp_path, "diff", "a", "b", "--format", "addr2line").stdout == f"{where}:3\n"
    done = pykcov(tmp_path, "diff", "a", "b", "--format", "addr2line", "-f")
    assert done.stdout == f"<module>\n{where}:3\n"
    assert pykcov(tmp_path, "diff", "b", "b").stdout == ""
    raw = pykcov(tmp_path, "diff", "a", "b", "--format", "raw").stdout
    (row,) = map(
        json.loads, pykcov(tmp_path, "diff", "a", "b", "--format", "json").stdout.splitlines()
    )
    assert row == {
        "file_path": where, "func_name": "<module>", "sl": 3, "sc": 5, "el": 3, "ec": 13,
        "hit_count": 1, "pc": int(raw, 16),
    }  # fmt: skip
    (tmp_path / "b").write_text(f"{raw}no\n0x1\nno\n")
    done = pykcov(tmp_path, "diff", "a", "b", "--format", "raw", status=1)
    assert done.stdout == raw
    assert [line.rpartition(" ")[2] for line in done.stderr.splitlines()] == [
        "[trace-malformed]",
        "[pc-unknown]",
    ]
    assert "2 lines are not PCs" in done.stderr
    assert pykcov(tmp_path, "diff", "a", "c", status=1).stderr.endswith("[trace-unreadable]\n")


def test_traces_become_data(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("for i in range(3):\n    print(i)\n")
    pykcov(tmp_path, "run", "--trace", "trace", "prog.py")
    pykcov(tmp_path, "add", "--context", "request 7", "trace")
    pykcov(tmp_path, "add", "--context", "request 8", "trace", "trace")
    pykcov(tmp_path, "lcov", "-o", "out")
    assert "DA:2,9" in (tmp_path / "out").read_text()
    pykcov(tmp_path, "coverage")
    data = coverage.CoverageData(basename=str(tmp_path / ".coverage"))
    data.read()
    assert data.measured_contexts() == {"request 7", "request 8"}
    (tmp_path / "trace").write_text("nonsense\n")
    assert "[trace-malformed]" in pykcov(tmp_path, "add", "trace", status=1).stderr
    assert "[trace-unreadable]" in pykcov(tmp_path, "add", "none", status=1).stderr


def test_contexts_are_selected_everywhere(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("import sys\nif len(sys.argv) > 1:\n    print(1)\nprint(2)\n")
    pykcov(tmp_path, "run", "--data", ".pykcov", "--context", "one", "prog.py")
    pykcov(tmp_path, "run", "--data", ".pykcov", "--context", "two", "prog.py", "x")
    pykcov(tmp_path, "lcov", "-o", "out", "--contexts", "^one$")
    assert "DA:2,1\nDA:3,0" in (tmp_path / "out").read_text()
    assert "DA:2,2\nDA:3,1" in pykcov(tmp_path, "lcov", "-o", "-").stdout
    pykcov(tmp_path, "xml", "--contexts", "one", "--fail-under", "80", status=2)
    assert 'line-rate="0.75"' in (tmp_path / "coverage.xml").read_text()


def test_fail_under_is_not_rounded_away(tmp_path: Path) -> None:
    lines = "".join(f"a{n} = {n}\n" for n in range(300))
    (tmp_path / "prog.py").write_text(f"{lines}if a1 == 2:\n    pass\n")
    pykcov(tmp_path, "run", "--data", ".pykcov", "prog.py")
    for percent in ("100", "99.9", "99.8"):
        done = pykcov(tmp_path, "report", "--fail-under", percent, status=2)
        assert re.search(rf"99\.\d+ % is less than {percent} %", done.stderr)
    for percent in ("0", "99", "99.6"):
        pykcov(tmp_path, "report", "--fail-under", percent)
    for percent in ("101", "-1", "nan"):
        done = pykcov(tmp_path, "report", f"--fail-under={percent}", status=1)
        assert "[config-bad]" in done.stderr


def test_links_are_the_files_that_they_lead_to(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "prog.py").write_text("a = 1\nif a == 2:\n    a = 3\n")
    (tmp_path / "link.py").symlink_to(folder / "prog.py")
    (tmp_path / "linked").symlink_to(folder)
    for name in ("link.py", "linked/prog.py", "folder/prog.py"):
        pykcov(tmp_path, "run", "--data", ".pykcov", name)
    table = pykcov(tmp_path, "report", "--source", "linked").stdout
    assert re.search(r"folder/prog\.py +3 +1 +67%", table)
    assert table.count("prog.py") == 1
    assert "DA:1,3" in pykcov(tmp_path, "lcov", "-o", "-").stdout


def test_what_can_not_be_written_or_is_gone(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("import gone\n")
    (tmp_path / "gone.py").write_text("a = 1\n")
    pykcov(tmp_path, "run", "--data", ".pykcov", "prog.py")
    (tmp_path / "gone.py").unlink()
    done = pykcov(tmp_path, "report")
    assert "gone.py is gone: 1 blocks of it left out" in done.stderr
    assert "gone" not in done.stdout
    (tmp_path / "folder").mkdir()
    for verb in ("xml", "json", "lcov", "coverage"):
        done = pykcov(tmp_path, verb, "-o", "folder", status=1)
        assert done.stderr.strip().endswith("[report-unwritable]")
    (tmp_path / "pyproject.toml").write_text("[tool.pykcov]\nexclude_also = ['(']\n")
    assert "[config-bad]" in pykcov(tmp_path, "report", status=1).stderr


def test_what_source_lists(tmp_path: Path) -> None:
    """As coverage.py does: no editors' files, no folders that are no packages."""
    for name in ("prog.py", ".#prog.py", "old~.py", "data/scratch.py", "pack/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a = 1\n")
    pykcov(tmp_path, "run", "--data", ".pykcov", "prog.py")
    table = pykcov(tmp_path, "report", "--source", ".").stdout.splitlines()
    assert [line.split()[0] for line in table[2:-2]] == ["pack/__init__.py", "prog.py"]
