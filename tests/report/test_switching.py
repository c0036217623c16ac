"""What an owner of coverage.py has and does gives the same here: totals, settings, processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import coverage
import pytest
from tests.report.made import called, pykcov

from pykcov.measure import config as configuration
from pykcov.measure.datafile import DataFile

pytestmark = [pytest.mark.slow, pytest.mark.once]

FILES = {
    "pkg/__init__.py": "",
    "pkg/a.py": "x = 1\n",
    "pkg/never.py": "y = 1\nz = 2\n",
    "pkg/sub/__init__.py": "",
    "pkg/sub/never.py": "y = 1\n",
    "pkg/no_package/never.py": "y = 1\n",
    "pkg/#never.py": "y = 1\n",
    "other/__init__.py": "",
    "other/b.py": "x = 1\n",
    "main.py": "import sys, pkg.a\nif len(sys.argv) > 1:\n    import other.b\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def lines(folder: Path, report: str) -> dict[str, tuple[list[int], list[int], list[int]]]:
    files = json.loads((folder / report).read_text())["files"]
    return {
        name: (file["executed_lines"], file["missing_lines"], file["excluded_lines"])
        for name, file in files.items()
    }


def both(folder: Path, *words: str) -> dict[str, tuple[list[int], list[int], list[int]]]:
    """Run the same under both; return what both report."""
    env = {name: value for name, value in os.environ.items() if name != "COVERAGE_CORE"}
    for verb in (["run", *words], ["combine", "-q"], ["json", "-q", "-o", "theirs.json"]):
        done = subprocess.run(
            [sys.executable, "-m", "coverage", *verb],
            cwd=folder, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0 or verb[0] == "combine", done.stderr
    pykcov(folder, "run", *words)
    pykcov(folder, "json", "-q", "-o", "ours.json")
    ours, theirs = lines(folder, "ours.json"), lines(folder, "theirs.json")
    # Debian's is a link out of the standard library; coverage.py counts it in started Pythons.
    theirs = {name: told for name, told in theirs.items() if not name.endswith("/sitecustomize.py")}
    assert ours == theirs
    return ours


def squeezed(table: str) -> str:
    return re.sub(" +", " ", table)


# -- the right total ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--source", "pkg"],
        ["--source", "."],
        ["--source", "pkg,other"],
        ["--source", "pkg/sub,other"],
        ["--source", "pkg.sub"],
        ["--source", ".", "--omit", "*/never.py"],
        ["--source", ".", "--omit", "pkg/*"],
        ["--source", ".", "--omit", "pkg/"],
        ["--include", "pkg/*"],
        ["--include", "*/pkg/*,main.py"],
        [],
    ],
    ids=" ".join,
)
def test_totals(folder: Path, words: list[str]) -> None:
    if words == ["--source", "pkg.sub"]:
        (folder / "main.py").write_text("import pkg.sub\n")
    both(folder, *words, "main.py")


def test_a_package_of_another_folder(folder: Path) -> None:
    """It is found by its name, and only where it was imported."""
    (folder / "src").mkdir()
    for name in ("pkg", "other"):
        (folder / name).rename(folder / "src" / name)
    (folder / "main.py").write_text(f"import sys; sys.path.append('src')\n{FILES['main.py']}")
    found = both(folder, "--source", "pkg,other", "main.py")
    assert found["src/pkg/never.py"] == ([], [1, 2], [])
    assert "src/other/b.py" not in found
    assert "src/other/b.py" in both(folder, "--source", "pkg,other", "main.py", "more")


def test_what_was_listed_is_as_it_is_now(folder: Path) -> None:
    pykcov(folder, "run", "--source", "pkg", "main.py")
    (folder / "pkg" / "never.py").write_text("y = 1\n")
    (folder / "pkg" / "sub" / "never.py").unlink()
    done = called(folder, "report")
    assert "pkg/never.py 1 1 0%" in squeezed(done.stdout)
    assert "sub/never.py" not in done.stdout
    assert "pkg/sub/never.py is gone\n" in done.stderr
    pykcov(folder, "run", "-a", "--source", "pkg", "-c", "import pkg.never")
    assert "pkg/never.py 1 0 100%" in squeezed(called(folder, "report").stdout)


def test_a_run_begins_anew_unless_it_is_told_to_add(folder: Path) -> None:
    def total() -> int:
        return sum(sum(one.total().values()) for one in DataFile(folder / ".pykcov").read())

    pykcov(folder, "run", "main.py")
    once = total()
    pykcov(folder, "run", "main.py")
    assert total() == once
    pykcov(folder, "run", "-a", "main.py")
    pykcov(folder, "run", "--data", ".pykcov", "main.py")
    assert total() == 3 * once
    (folder / "pyproject.toml").write_text("[tool.pykcov]\nappend = true\n")
    pykcov(folder, "run", "main.py")
    assert total() == 4 * once
    called(folder, "erase")
    assert not (folder / ".pykcov").exists()
    called(folder, "erase")
    assert "data-missing" in called(folder, "report", status=1).stderr


def test_what_is_no_data_file_stays(folder: Path) -> None:
    for words in (["erase", "--data", "main.py"], ["run", "main.py"]):
        (folder / "pyproject.toml").write_text("[tool.pykcov]\ndata = 'main.py'\n")
        assert "[data-foreign]" in pykcov(folder, *words, status=1).stderr
        assert (folder / "main.py").read_text() == FILES["main.py"]


# -- settings -------------------------------------------------------------------------------------

SETTINGS = {
    ".coveragerc": "[run]\nsource = pkg\n[report]\nexclude_also = z = 2\nprecision = 1\n",
    "setup.cfg": "[coverage:run]\nsource = pkg\n[coverage:report]\nexclude_also = z = 2\n"
    "precision = 1\n",
    "tox.ini": "[coverage:run]\nsource = pkg\n[coverage:report]\nexclude_also = z = 2\n"
    "precision = 1\n",
    "pyproject.toml": "[tool.coverage.run]\nsource = ['pkg']\n[tool.coverage.report]\n"
    "exclude_also = ['z = 2']\nprecision = 1\n",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_coverage_py(folder: Path, name: str) -> None:
    (folder / name).write_text(SETTINGS[name])
    found = both(folder, "main.py")
    assert found["pkg/never.py"] == ([], [1], [2])
    done = called(folder, "report")
    assert "TOTAL 3 2 33.3%" in squeezed(done.stdout)
    assert f"coverage.py's settings in {name}" in done.stderr
    assert "settings" not in called(folder, "report", "--no-rcfile").stderr


def test_who_has_the_last_word(folder: Path) -> None:
    (folder / ".coveragerc").write_text(
        "[run]\nsource = nowhere\nomit = a\nparallel = true\n[report]\nomit = b\nprecision = 3\n"
        "[html]\ntitle = Theirs\n"
    )
    own = "[tool.pykcov]\nsource = ['pkg']\nprecision = 2\n"
    (folder / "pyproject.toml").write_text(own)
    told = called(folder, "config").stdout.splitlines()
    for line in (
        'source = ["pkg"]  # [tool.pykcov] in pyproject.toml',
        'omit = ["a"]  # coverage.py\'s settings in .coveragerc',
        'report_omit = ["b"]  # coverage.py\'s settings in .coveragerc',
        "append = true  # coverage.py's settings in .coveragerc",
        "precision = 2  # [tool.pykcov] in pyproject.toml",
        'html:title = "Theirs"  # coverage.py\'s settings in .coveragerc',
        "processes = false  # coverage.py's settings in .coveragerc",
        "fail_under = 0.0  # default",
    ):
        assert line in told
    (folder / "rc").write_text("[report]\nprecision = 3\nfail_under = 7\n")
    assert (
        "fail_under = 7.0  # coverage.py's settings in rc"
        in called(folder, "config", "--rcfile", "rc").stdout
    )
    (folder / "pyproject.toml").write_text(f"{own}coverage_settings = false\n")
    assert "coverage.py" not in called(folder, "config").stdout


def test_settings_that_are_not_ours_are_named(folder: Path) -> None:
    (folder / ".coveragerc").write_text(
        "[run]\ncover_pylib = true\ndynamic_context = test_function\ntypo = 1\ncore = ctrace\n"
        "[report]\nanother = 1\n"
    )
    told = called(folder, "config").stderr.splitlines()
    named = [line for line in told if line.endswith("[setting-unknown]")]
    assert len(named) == 4
    for name in ("cover_pylib", "dynamic_context", "typo=", "another="):
        assert sum(name in line for line in named) == 1, name
    (folder / ".coveragerc").write_text("[run]\nbranch = maybe\n")
    assert "[config-bad]" in called(folder, "config", status=1).stderr


def test_where_coverage_py_is_not_there(folder: Path) -> None:
    (folder / "coverage").mkdir()
    (folder / "coverage" / "__init__.py").write_text("raise ImportError('none here')\n")
    (folder / ".coveragerc").write_text("[run]\nsource = pkg\n")
    done = pykcov(folder, "run", "main.py", PYTHONPATH=str(folder))
    (line,) = [line for line in done.stderr.splitlines() if "coverage-missing" in line]
    assert ".coveragerc" in line


def test_branches_where_the_settings_say_so(folder: Path) -> None:
    (folder / ".coveragerc").write_text("[run]\nbranch = true\nsource = .\n")
    both(folder, "main.py")
    ours, theirs = (
        json.loads((folder / name).read_text())["files"]["main.py"]
        for name in ("ours.json", "theirs.json")
    )
    assert ours["missing_branches"] == theirs["missing_branches"] == [[2, 3]]
    assert ours["executed_branches"] == theirs["executed_branches"] == [[2, -1]]


def test_command_line(folder: Path) -> None:
    (folder / ".coveragerc").write_text("[run]\ncommand_line = -m main more\nbranch = true\n")
    pykcov(folder, "run")
    assert "other/b.py" in called(folder, "report").stdout
    assert configuration.read(folder).branch


# -- processes ------------------------------------------------------------------------------------

WORK = "def f(n):\n" + "".join(f"    if n == {n}:\n        return {n}\n" for n in range(9))
STARTS = """\
import multiprocessing as mp, os, subprocess, sys
import work
if __name__ == "__main__":
    subprocess.run([sys.executable, "child.py", "1"], check=True)
    subprocess.run([sys.executable, "-m", "child", "2"], check=True)
    subprocess.run([sys.executable, "-c", "import work; work.f(3)"], check=True)
    for n, way in ((4, "spawn"), (5, "forkserver")):
        process = mp.get_context(way).Process(target=work.f, args=(n,))
        process.start()
        process.join()
    os.execve(sys.executable, [sys.executable, "child.py", "6"], {})
"""
CHILD = "import sys, work\nprint(work.f(int(sys.argv[1])), sys.path[0], __file__, __spec__)\n"


@pytest.fixture
def starting(tmp_path: Path) -> Path:
    for name, text in {"work.py": WORK, "main.py": STARTS, "child.py": CHILD}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_started_pythons_count(starting: Path) -> None:
    (starting / ".coveragerc").write_text(
        "[run]\npatch = subprocess, execv\nconcurrency = multiprocessing\n"
    )
    found = both(starting, "main.py")
    assert found["work.py"][1] == [3, 16, 17, 18, 19]
    assert found["child.py"] == ([1, 2], [], [])


def test_started_pythons_do_not_count_where_that_is_not_wanted(starting: Path) -> None:
    (starting / "main.py").write_text("".join(STARTS.splitlines(keepends=True)[:6]))
    for config in ("[tool.pykcov]\nprocesses = false\n", "[tool.coverage.run]\ncontext = 'a'\n"):
        (starting / "pyproject.toml").write_text(config)
        pykcov(starting, "run", "main.py")
        assert "child.py" not in called(starting, "report").stdout
    (starting / "pyproject.toml").write_text("")
    pykcov(starting, "run", "main.py")
    assert "child.py" in called(starting, "report").stdout


def test_workers_of_a_pool_count_though_it_ends_them_by_sigterm(starting: Path) -> None:
    (starting / "main.py").write_text(
        "import multiprocessing as mp, work\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('spawn').Pool(2) as pool:\n"
        "        assert pool.map(work.f, [1, 2, 3]) == [1, 2, 3]\n"
    )
    pykcov(starting, "run", "main.py")
    pykcov(starting, "json", "-q", "-o", "ours.json")
    assert lines(starting, "ours.json")["work.py"][0] == [1, 2, 4, 5, 6, 7, 8, 9]


ENDS = {
    "end": "",
    "exit": "sys.exit(3)\n",
    "text": "sys.exit('no')\n",
    "error": "work.f()\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "exec": "exec(compile('1 + 1', __file__, 'exec'))\n",
    "closed": "import os; os.close(2)\n",
    "frames": "print(sys._getframe().f_back)\n",
    "traced": "sys.settrace(lambda f, e, a: print(e, f.f_code.co_name))\nwork.f(1)\n"
    "sys.settrace(None)\n",
    "profiled": "sys.setprofile(lambda f, e, a: print(e, f.f_code.co_name))\nwork.f(1)\n"
    "sys.setprofile(None)\n",
    "hooked": "sys.excepthook = lambda *e: print(e[0], e[2].tb_lineno)\nwork.f()\n",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_started_script_is_like_in_plain_python(starting: Path, end: str) -> None:
    (starting / "child.py").write_text(CHILD + ENDS[end])
    program = (
        "import subprocess, sys\n"
        "done = subprocess.run([sys.executable, 'child.py', '1'], capture_output=True)\n"
        "print(done)\n"
    )
    (starting / "main.py").write_text(program)
    plain = subprocess.run(
        [sys.executable, "main.py"], cwd=starting, capture_output=True, text=True, check=True
    )
    assert pykcov(starting, "run", "main.py").stdout == plain.stdout
    assert "work.py" in called(starting, "report").stdout
    if end == "interrupt":
        assert f"returncode=-{signal.SIGINT}" in plain.stdout


def test_contexts_of_started_pythons(starting: Path) -> None:
    (starting / "test_it.py").write_text(
        "import subprocess, sys\n\n"
        "def test_one():\n    subprocess.run([sys.executable, 'child.py', '1'], check=True)\n\n"
        "def test_two():\n    subprocess.run([sys.executable, 'child.py', '2'], check=True)\n"
    )
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py", "--pykcov"],
        cwd=starting, check=True, capture_output=True,
        env={**os.environ, "PYKCOV_STORE": str(starting / "store")},
    )  # fmt: skip
    (found,) = [
        one for one in DataFile(starting / ".pykcov").read() if one.symbols.path.endswith("work.py")
    ]
    hit = {
        context: {line for block in hits for line in found.symbols.block(0, block).lines}
        for context, hits in found.hits.items()
    }
    assert 5 in hit["test_it.py::test_one"]
    assert 5 not in hit["test_it.py::test_two"]
    assert 7 in hit["test_it.py::test_two"]


# -- nothing false --------------------------------------------------------------------------------


def test_data_that_can_not_be_written(folder: Path) -> None:
    (folder / "main.py").write_text("import os; os.mkdir('there/.pykcov-journal')\n")
    (folder / "there").mkdir()
    done = pykcov(folder, "run", "--data", "there/.pykcov", "main.py", status=1)
    assert "[data-unwritable]" in done.stderr
    done = pykcov(folder, "run", "--data", "no/where", "main.py", status=1)
    assert "[data-unwritable]" in done.stderr


def test_after_sigterm(folder: Path) -> None:
    (folder / "main.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\n")
    pykcov(folder, "run", "main.py", status=-signal.SIGTERM)
    assert "sigterm = true" in called(folder, "report", status=1).stderr
    assert "sigterm = true" in called(folder, "annotate", "main.py", status=1).stderr


def test_archives_do_not_stop_reports(folder: Path) -> None:
    for name in ("app.pyz", "app.zip"):
        subprocess.run(
            [sys.executable, "-m", "zipfile", "-c", name, "pkg", "main.py"], cwd=folder, check=True
        )
    for archive, word in (("app.pyz", "left out"), ("app.zip", "app.zip/pkg/a.py")):
        (folder / "start.py").write_text(f"import sys; sys.path[0] = '{archive}'\nimport pkg.a\n")
        pykcov(folder, "run", "start.py")
        for verb in ("report", "html", "xml", "json", "lcov"):
            done = called(folder, verb)
            assert verb != "report" or word in done.stdout + done.stderr
    data = coverage.CoverageData(basename=str(folder / "made"))
    called(folder, "coverage", "-o", "made")
    data.read()
    assert str(folder / "app.zip" / "pkg" / "a.py") in data.measured_files()


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_names_in_any_locale(folder: Path, locale: str) -> None:
    (folder / "é日.py").write_text("import bad\n")
    (folder / os.fsdecode(b"d\xe9")).mkdir()
    (folder / os.fsdecode(b"d\xe9/bad.py")).write_text("x = 1\n")
    env: dict[str, Any] = {"LC_ALL": locale, "PYTHONPATH": str(folder / os.fsdecode(b"d\xe9"))}
    pykcov(folder, "run", "--source", ".", "é日.py", **env)
    done = pykcov(folder, "report", PYTHONIOENCODING="utf-8", **env)
    assert "é日.py" in done.stdout
    assert "no UTF-8" in done.stderr
    done = pykcov(folder, "report", status=1, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.stderr.endswith("[name-undecodable]\n")


def test_a_source_that_only_started_pythons_have(starting: Path) -> None:
    (starting / "main.py").write_text(
        "import subprocess, sys\nsubprocess.run([sys.executable, 'child.py', '1'], check=True)\n"
    )
    done = pykcov(starting, "run", "--source", "work", "--source", "wrok", "main.py")
    assert "--source work " not in done.stderr
    assert "--source wrok matched nothing [source-unmatched]" in done.stderr
