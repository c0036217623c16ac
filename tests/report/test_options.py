"""Options that users of coverage.py know, and input that is wrong in some way."""

from __future__ import annotations

import json
import os
import pty
import re
import sys
from pathlib import Path

import coverage
import pytest
from tests.machine import need_terminals
from tests.report.made import called, pykcov

from pykcov import progress as progress_module
from pykcov.cli.combine import renamer
from pykcov.cli.parser import several
from pykcov.errors import PykcovError
from pykcov.measure import config
from pykcov.measure.datafile import DataFile
from pykcov.progress import progress

pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs that have been run, of different shares, beside one that can't be parsed."""
    folder = tmp_path_factory.mktemp("options")
    (folder / "main.py").write_text("import sys, half, none\nif len(sys.argv) > 1:\n    a = 1\n")
    (folder / "half.py").write_text("def f():\n    return 1\ndef g():\n    return 2\n")
    (folder / "none.py").write_text("")
    (folder / "broken.py").write_text("def (:\n")
    (folder / "pyproject.toml").write_text("[tool.pykcov]\nomit = ['broken.py']\n")
    for context, words in (("one", []), ("two", ["x"])):
        pykcov(folder, "run", "--data", ".pykcov", "--context", context, "main.py", *words)
    return folder


def rows(table: str) -> list[str]:
    return re.findall(r"(\w+)\.py ", table)


def test_sorting_and_skipping(folder: Path) -> None:
    assert rows(called(folder, "report").stdout) == ["half", "main", "none"]
    assert rows(called(folder, "report", "--sort=-cover", "--skip-empty").stdout) == [
        "main",
        "half",
    ]
    assert rows(called(folder, "report", "--sort", "miss").stdout)[-1] == "half"
    assert rows(called(folder, "report", "--skip-covered", "--skip-empty").stdout) == ["half"]
    assert called(folder, "report", "--sort", "x", status=1).stderr.endswith("[config-bad]\n")


def test_forms(folder: Path) -> None:
    assert called(folder, "report", "--format", "total").stdout == "71\n"
    assert "| TOTAL" not in called(folder, "report").stdout
    assert "|---" in called(folder, "report", "--format", "markdown").stdout.replace(" ", "")
    called(folder, "json", "-q", "--pretty-print", "--show-contexts")
    text = (folder / "coverage.json").read_text()
    assert text.count("\n") > 10
    assert json.loads(text)["files"]["main.py"]["contexts"]["3"] == ["two"]
    done = called(folder, "html", "-q", "-d", "pages", "--title", "<Mine>")
    assert done.stderr == ""
    assert "&lt;Mine&gt;" in (folder / "pages" / "index.html").read_text()
    for verb in ("xml", "json", "lcov"):
        done = called(folder, verb, "-o", "-")
        assert "main.py" in done.stdout
        assert done.stderr == ""


def test_what_can_not_be_parsed(folder: Path) -> None:
    listed = ("--source", ".", "--omit", "nothing.py")
    done = called(folder, "report", *listed, status=1)
    assert done.stderr.endswith("[report-failed]\n")
    for verb in ("report", "html", "xml", "json", "lcov"):
        done = called(folder, verb, *listed, "-i")
        assert "broken.py" in done.stderr.splitlines()[0]
        assert all(line.startswith("pykcov: ") for line in done.stderr.splitlines())
        assert "broken" not in done.stdout


def test_several_globs_in_one(folder: Path, tmp_path: Path) -> None:
    done = called(folder, "report", "--omit", "half.py,none.py")
    assert rows(done.stdout) == ["main"]
    assert rows(called(folder, "report", "--include", "half.py,none.py").stdout) == ["half", "none"]
    called(folder, "coverage", "-o", "made", "--omit", "half.py,none.py")
    data = coverage.CoverageData(basename=str(folder / "made"))
    data.read()
    assert data.measured_files() == {str(folder / "main.py")}
    (tmp_path / "a,b").mkdir()
    assert several(str(tmp_path / "a,b")) == [str(tmp_path / "a,b")]


def test_files_without_hits_in_a_context_are_listed(folder: Path) -> None:
    (folder / "late.py").write_text("import half\nhalf.f()\n")
    pykcov(folder, "run", "--data", "late", "--context", "early", "main.py")
    pykcov(folder, "run", "--data", "late", "--context", "late", "late.py")
    table = called(folder, "report", "--data", "late", "--contexts", "late").stdout
    assert re.search(r"main\.py +3 +3 +0%", table)
    assert "half.py" in table
    (folder / "main.py").touch()
    text = (folder / "main.py").read_text()
    (folder / "main.py").write_text(f"{text}# more\n")
    done = called(folder, "report", "--data", "late", "--contexts", "late")
    (folder / "main.py").write_text(text)
    assert "main.py has changed since" in done.stderr
    assert "main.py" not in done.stdout


def test_run_is_configured(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("import tomllib, other\nprint(tomllib.loads('a = 1'))\n")
    (tmp_path / "other.py").write_text("a = 1\n")
    (tmp_path / "pyproject.toml").write_text("[tool.pykcov]\nsource = ['.']\nomit = ['other.py']\n")
    pykcov(tmp_path, "run", "--data", "d", "prog.py")
    assert [one.symbols.path for one in DataFile(tmp_path / "d").read()] == [
        str(tmp_path / "prog.py")
    ]
    pykcov(tmp_path, "run", "--data", "e", "--source", "tomllib", "--omit", "none", "prog.py")
    assert {Path(one.symbols.path).parent.name for one in DataFile(tmp_path / "e").read()} == {
        "tomllib"
    }
    (tmp_path / "pyproject.toml").write_text("[tool.pykcov]\nsorce = 1\n")
    assert "[config-bad]" in pykcov(tmp_path, "run", "prog.py", status=1).stderr


# -- paths ----------------------------------------------------------------------------------------


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "src" / "src").mkdir(parents=True)
    for name in ("src/a.py", "src/src/b.py"):
        (tmp_path / name).touch()
    here = str(tmp_path / "src")
    renamed = renamer({"one": [here, "/ci/*/build/src", "*/site-packages/pack", "*/src", "/x/"]})
    for path, expected in {
        "/ci/7/build/src/a.py": f"{here}/a.py",
        "/ci/7/8/build/lib/a.py": "/ci/7/8/build/lib/a.py",
        "/venv/lib/site-packages/pack/src/b.py": f"{here}/src/b.py",
        "/elsewhere/src/a.py": f"{here}/a.py",
        "/x/a.py": f"{here}/a.py",
        "/x/gone.py": "/x/gone.py",
        "/xx/a.py": "/xx/a.py",
    }.items():
        assert renamed(path) == expected, path
        theirs = coverage.files.PathAliases()
        for other in ("/ci/*/build/src", "*/site-packages/pack", "*/src", "/x/"):
            theirs.add(other, here)
        assert theirs.map(path) == expected, path
    # coverage.py tries the lowest src only.
    assert renamed("/elsewhere/src/src/b.py") == f"{here}/src/b.py"


@pytest.mark.parametrize("folders", ['["src", "/ci/*"]', '["s*c", "/ci"]'])
def test_paths_that_are_wrong(folders: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.pykcov.paths]\none = {folders}\n")
    with pytest.raises(PykcovError) as raised:
        renamer(config.read(tmp_path).paths)
    assert raised.value.slug == "config-bad"


# -- what is wrong --------------------------------------------------------------------------------


def test_nothing_to_report(folder: Path, tmp_path: Path) -> None:
    DataFile(tmp_path / "empty").write(())
    empty = str(tmp_path / "empty")
    for verb in ("report", "html", "xml", "json", "lcov", "coverage"):
        for words in (["--data", empty], ["--omit", "*.py"]):
            (line,) = called(folder, verb, *words, status=1).stderr.splitlines()
            assert line.endswith("[data-empty]")
    (line,) = called(
        folder, "annotate", "--data", empty, "--html", "x", status=1
    ).stderr.splitlines()
    assert line.endswith("[data-empty]")


def test_what_is_cut_off_by_little(folder: Path, tmp_path: Path) -> None:
    """SQLite itself would read it, with zeros for what is missing."""
    whole = (folder / ".pykcov").read_bytes()
    for left in (len(whole) - 1, 50, 0):
        (tmp_path / "cut").write_bytes(whole[:left])
        cut = str(tmp_path / "cut")
        verbs = [[verb, "--data", cut] for verb in ("report", "lcov", "coverage")]
        verbs += [["annotate", "--data", cut, "main.py"], ["combine", "--data", "all", cut]]
        for words in verbs if left else verbs[:1]:
            (line,) = called(folder, *words, status=1).stderr.splitlines()
            assert "cut off" in line
            assert line.endswith("[data-foreign]")
    assert "combine" in words[0] or left == 0


def test_combine_is_all_or_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("no data")
    to = tmp_path / "all"
    words = ("combine", "--data", str(to), ".pykcov")
    assert "[data-foreign]" in called(folder, *words, str(tmp_path / "bad"), status=1).stderr
    assert not to.exists()
    called(folder, *words)
    assert to.exists()


def test_traces_that_are_wrong(folder: Path) -> None:
    pykcov(folder, "run", "--trace", "good", "main.py")
    (folder / "bad").write_bytes(b"0x1\n\xff\xfe\n-0x5\n0x1_0\n" + (folder / "good").read_bytes())
    good = (folder / "good").read_text().splitlines()
    for form in ("gvisor", "addr2line", "raw", "json"):
        with (folder / "bad").open("rb") as stdin:
            done = pykcov(
                folder, "symbolize", "--format", form,
                status=1, stdin=stdin, PYTHONIOENCODING="utf-8:strict",
            )  # fmt: skip
        told = done.stderr.splitlines()
        assert told[0].startswith("pykcov: 3 lines are not PCs")
        assert "stdin, line 2" in told[0]
        assert "1 PC is not in" in told[1]
        assert len(told) == 2
        assert form != "raw" or done.stdout.splitlines() == good
    for words in (["diff", "good", "bad"], ["add", "--data", "added", "good", "bad"]):
        told = called(folder, *words, status=1).stderr.splitlines()
        assert "bad, line 2" in told[0]
        assert told[1].endswith("[pc-unknown]")


def test_symbols_of_a_text_that_has_changed(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text("a = 1\n")
    pykcov(tmp_path, "run", "--trace", "t", "prog.py")
    (tmp_path / "none").touch()
    before = called(tmp_path, "diff", "none", "t")
    (tmp_path / "prog.py").write_text("\na = 1\n")
    after = called(tmp_path, "diff", "none", "t")
    assert before.stderr == ""
    assert after.stdout == before.stdout
    (line,) = after.stderr.splitlines()
    assert "prog.py has changed since" in line
    assert line.endswith("[source-changed]")


# -- progress -------------------------------------------------------------------------------------


def on_a_terminal(*words: str, folder: Path) -> str:
    """Return what a Python program prints on a terminal."""
    out = b""
    need_terminals()
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, *words])
    try:
        while data := os.read(terminal, 1 << 16):
            out += data
    except OSError:
        pass  # how Linux tells the end of one
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, out
    return out.decode()


AT_ONCE = (
    "import sys\nfrom pykcov import progress\nprogress.SECONDS = 0\n"
    "from pykcov.cli.main import main\nmain(sys.argv[1:])\n"
)


def test_long_work_shows_progress(folder: Path) -> None:
    pytest.importorskip("rich")
    run = ("run", "--source", "json", "--source", "argparse", "--omit", "none", "none.py")
    for words, told in ((run, "instrumenting"), (("report",), "reading")):
        out = on_a_terminal("-c", AT_ONCE, *words, folder=folder)
        assert re.search(rf"{told} .*\d+/\d+", out)
    assert "instrumenting" not in pykcov(folder, *run).stderr


def test_progress_gives_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "SECONDS", 0)
    assert list(progress(list("abc"), "x")) == list("abc")
