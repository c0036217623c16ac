"""pytest --pykcov, each time in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pykcov.measure.datafile import DataFile
from pykcov.report.lines import by_file

pytestmark = [pytest.mark.slow, pytest.mark.once]

APP = """\
def double(x):
    if x > 5:
        return 2 * x
    return x + x

def loop(n):
    for i in range(n):
        double(i)

def unused():
    return 1
"""


class Project:
    """A package `app` with tests.

    autoload: pytest loads all plugins that are installed, as it does by itself, and not only those
    that matter here, which takes seconds less.
    """

    autoload = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / ".pykcov"
        self.write("app/__init__.py", APP)
        self.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *args: str, folder: str = ".") -> subprocess.Popen[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        plugins = ["-p", "no:cacheprovider"]
        if not self.autoload:
            env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            plugins += ["-p", "pykcov", "-p", "xdist", "-p", "pytest_cov"]
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *plugins, *args],
            cwd=self.root / folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *args: str, status: int = 0, folder: str = ".") -> str:
        with self.start(*args, folder=folder) as process:
            out, _ = process.communicate(timeout=120)
        assert process.returncode == status, out
        return out

    def hits(self, file: str = "app/__init__.py") -> dict[str, dict[int, int]]:
        """By context: how often each line was executed, its most executed block's count."""
        found: dict[str, dict[int, int]] = {}
        for one in DataFile(self.data).read():
            if one.symbols.path == str(self.root / file):
                for context, hits in one.hits.items():
                    of = found.setdefault(context, {})
                    for block, count in hits.items():
                        for line in one.symbols.block(0, block).lines:
                            of[line] = max(of.get(line, 0), count)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


BOTH = """\
import app

def test_low():
    app.double(1)

def test_high():
    app.loop(8)
"""
LOW = {"tests/test_a.py::test_low": {2: 1, 4: 1}}
HIGH = {"tests/test_a.py::test_high": {2: 8, 3: 2, 4: 6, 7: 8, 8: 8}}


def test_one_context_a_test_and_true_counts(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    out = project.run("--pykcov=app", "--pykcov-report=term-missing")
    assert project.hits() == {"": {1: 1, 6: 1, 10: 1}, **LOW, **HIGH}
    assert "app/__init__.py       9      1    89%   11" in out
    project.run("--pykcov=app", "-k", "low")
    assert project.hits().keys() == {"", *LOW}, "begun anew"
    project.run("--pykcov=app", "-k", "low", "--pykcov-append")
    assert project.hits()["tests/test_a.py::test_low"] == {2: 2, 4: 2}


def test_setup_call_and_teardown_are_one_context(project: Project) -> None:
    project.write(
        "tests/test_a.py",
        "import app, pytest\n@pytest.fixture\ndef f():\n    app.double(1)\n    yield\n"
        "    app.double(9)\ndef test_f(f):\n    app.loop(0)\n",
    )
    project.run("--pykcov")
    assert project.hits()["tests/test_a.py::test_f"] == {2: 2, 3: 1, 4: 1, 7: 1}


def test_modules_that_conftests_import_have_probes(project: Project) -> None:
    project.write("conftest.py", "import app\napp.double(1)\n")
    project.write("tests/test_a.py", BOTH)
    project.run("--pykcov")
    assert project.hits()[""] == {1: 1, 2: 1, 4: 1, 6: 1, 10: 1}


@pytest.mark.parametrize(
    ("source", "total"), [("app", "9      1    89%"), (".", "14      1    93%")]
)
def test_distributed(project: Project, source: str, total: str) -> None:
    project.write("tests/test_a.py", BOTH)
    out = project.run(f"--pykcov={source}", "-n", "2")
    found = project.hits()
    assert found.pop("") == {1: 2, 6: 2, 10: 2}, "each worker has imported it"
    assert found == {**LOW, **HIGH}
    assert re.search(rf"TOTAL +{total}", out)
    assert out.count("TOTAL") == 1
    assert ("tests/test_a.py       5      0   100%" in out) == (source == ".")


def test_distributed_with_a_package_that_only_workers_find(project: Project) -> None:
    project.write("pyproject.toml", "")
    project.write("tests/inner/__init__.py", APP)
    project.write("tests/test_a.py", BOTH.replace("app", "inner"))
    out = project.run("--pykcov=inner", "-n", "2")
    assert "tests/inner/__init__.py       9      1    89%" in out


def test_what_threads_do_is_the_tests(project: Project) -> None:
    project.write(
        "tests/test_a.py",
        "import app, threading\ndef run(n):\n"
        "    ts = [threading.Thread(target=app.loop, args=(n,)) for _ in range(4)]\n"
        "    [t.start() for t in ts]\n    [t.join() for t in ts]\n"
        "def test_a():\n    run(500)\ndef test_b():\n    run(20)\n",
    )
    project.run("--pykcov")
    found = project.hits()
    assert found["tests/test_a.py::test_a"] == {2: 2000, 3: 1976, 4: 24, 7: 2000, 8: 2000}
    assert found["tests/test_a.py::test_b"] == {2: 80, 3: 56, 4: 24, 7: 80, 8: 80}


def test_no_hit_of_a_running_thread_is_lost_between_tests(project: Project) -> None:
    project.write(
        "tests/test_a.py",
        "import app, threading, pytest\n"
        "ran = threading.Thread(target=app.loop, args=(600000,))\n"
        "@pytest.fixture(scope='module', autouse=True)\ndef thread():\n    ran.start()\n    yield\n"
        "    ran.join()\n"
        "@pytest.mark.parametrize('n', range(200))\ndef test_n(n):\n    pass\n",
    )
    project.run("--pykcov", "-q")
    found = project.hits()
    assert sum(lines.get(8, 0) for lines in found.values()) == 600000
    assert len([1 for lines in found.values() if 8 in lines]) > 1


@pytest.mark.parametrize(("percent", "status"), [("88", 0), ("89", 0), ("90", 1)])
def test_fail_under(project: Project, percent: str, status: int) -> None:
    project.write("tests/test_a.py", BOTH)
    options = ("--pykcov=app", f"--pykcov-fail-under={percent}")
    for more in ([], ["--pykcov-report=", "-n1"]):
        out = project.run(*options, *more, status=status)
        assert ("89 % is less than 90 %" in out) == bool(status)


def test_all_reports(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    kinds = ("term:skip-covered", "html", "xml", "json:out.json", "lcov", "html:pages")
    project.run("--pykcov=app", *(f"--pykcov-report={kind}" for kind in kinds))
    assert "test_a.py::test_low" in "".join(
        page.read_text() for page in (project.root / "htmlcov").glob("*.html")
    )
    assert (project.root / "pages" / "index.html").exists()
    assert 'line-rate="0.8889"' in (project.root / "coverage.xml").read_text()
    assert json.loads((project.root / "out.json").read_text())["totals"]["covered_lines"] == 8
    assert "DA:2,9" in (project.root / "coverage.lcov").read_text()


@pytest.mark.parametrize("option", ["--pykcov-report=pdf", "--pykcov-report=term:x"])
def test_wrong_options(project: Project, option: str) -> None:
    assert "[usage]" in project.run("--pykcov", option, status=4)


def test_beside_pytest_cov(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    for more in ([], ["-n2"]):
        out = project.run("--pykcov=app", "--cov=app", "--cov-context=test", *more)
        assert out.count("89%") == 4
        found = project.hits()
        assert {name: found[name] for name in (*LOW, *HIGH)} == {**LOW, **HIGH}


def test_failing_and_broken_tests_are_counted_and_stay_what_they_are(project: Project) -> None:
    project.write("tests/test_a.py", BOTH + "\ndef test_bad():\n    assert app.double(1) == 3\n")
    out = project.run("--pykcov", status=1)
    assert "assert 2 == 3" in out, "asserts are rewritten"
    assert "1 failed, 2 passed" in out
    assert project.hits()["tests/test_a.py::test_bad"] == {2: 1, 4: 1}
    project.write("tests/test_b.py", "def test_(:\n")
    out = project.run("--pykcov", status=2)
    assert "SyntaxError" in out
    assert project.hits().keys() == {""}


def test_a_file_that_does_not_compile(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    project.write("app/broken.py", "def f(:\n")
    out = project.run("--pykcov=app", status=1)
    assert "[report-failed]" in out
    assert "broken.py" in out
    project.run("--pykcov=app", "--pykcov-report=")
    assert "TOTAL" in project.run("--pykcov")


def test_without_the_plugin(project: Project) -> None:
    project.autoload = True
    project.write("tests/test_a.py", BOTH)
    assert "unrecognized arguments" in project.run("-p", "no:pykcov", "--pykcov", status=4)
    project.run("-p", "no:pykcov")
    project.run()
    assert not project.data.exists()


def test_without_the_option_nothing_of_pykcov_is_imported(project: Project) -> None:
    project.autoload = True
    project.write(
        "test_a.py",
        "import sys\ndef test_it():\n"
        "    assert {m for m in sys.modules if m.startswith('pykcov')} == {'pykcov_pytest'}\n",
    )
    # The .pth file of the package imports it where a parent is a member of a device.
    assert "PYKCOV_JOIN" not in os.environ
    project.run("-p", "no:xdist", "-p", "no:pytest_cov")


def test_help_and_collecting_leave_the_data_as_it_is(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    project.run("--pykcov=app")
    before = project.hits()
    assert "--pykcov-fail-under" in project.run("--pykcov=app", "--help")
    assert "TOTAL" not in project.run("--pykcov=app", "--collect-only")
    assert {k: v for k, v in project.hits().items() if k} == {k: v for k, v in before.items() if k}


def test_ctrl_c_keeps_what_was_counted(project: Project) -> None:
    project.write(
        "tests/test_a.py",
        BOTH + "\ndef test_long():\n    import time\n    app.double(1)\n"
        "    open('there', 'w').close()\n    time.sleep(60)\n",
    )
    with project.start("--pykcov=app") as process:
        while not (project.root / "there").exists():
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 2, out
    assert "TOTAL" in out
    long = {"tests/test_a.py::test_long": {2: 1, 4: 1}}
    assert project.hits() == {"": {1: 1, 6: 1, 10: 1}, **LOW, **HIGH, **long}


def test_parametrized_and_strange_names(project: Project) -> None:
    project.write(
        "pyproject.toml",
        "[tool.pytest.ini_options]\npythonpath = ['.']\n"
        "disable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n",
    )
    project.write(
        "tests/test_ä.py",
        "import app, pytest\n@pytest.mark.parametrize('x', ['ü', 'a::b', '\\udcff', '🐍 [1]'])\n"
        "def test_ö(x):\n    app.double(len(x))\n",
    )
    project.run("--pykcov", "--pykcov-report=html", "--pykcov-report=json")
    names = ("ü", "a::b", "\\udcff", "🐍 [1]")
    assert project.hits().keys() == {"", *(f"tests/test_ä.py::test_ö[{name}]" for name in names)}


def test_forked_children_are_counted_under_their_test(project: Project) -> None:
    project.write(
        "tests/test_a.py",
        "import app, multiprocessing, os\n"
        "def test_before():\n    app.double(1)\n"
        "def test_fork():\n    context = multiprocessing.get_context('fork')\n"
        "    p = context.Process(target=app.loop, args=(8,))\n    p.start()\n    p.join()\n"
        "    assert p.exitcode == 0\n"
        "def test_raw():\n    pid = os.fork()\n    if not pid:\n        os._exit(3)\n"
        "    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3\n",
    )
    out = project.run("--pykcov", "-W", "ignore")
    assert out.count("TOTAL") == 1
    found = project.hits()
    assert found.pop("") == {1: 1, 6: 1, 10: 1}
    assert found == {
        "tests/test_a.py::test_before": {2: 1, 4: 1},
        "tests/test_a.py::test_fork": {2: 8, 3: 2, 4: 6, 7: 8, 8: 8},
    }


def test_a_test_may_instrument_and_trace_and_count(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    project.write(
        "tests/test_b.py",
        "import app, pykcov, pykcov.measure.counts, json\n"
        "def test_trace():\n"
        "    with pykcov.instrument(source=['app', 'json']), pykcov.trace() as t:\n"
        "        json.dumps([1], indent=2)\n        app.double(1)\n"
        "    assert [b.start_line for b in t.blocks if b.file == app.__file__] == [2, 4]\n"
        "    assert any(b.file.endswith('json/encoder.py') for b in t.blocks)\n"
        "def test_set():\n    pykcov.measure.counts.clear()\n    pykcov.measure.counts.enable()\n"
        "    app.double(1)\n    assert len(pykcov.measure.counts.take()) == 2\n"
        "    pykcov.measure.counts.disable()\n"
        "def test_then():\n    app.double(9)\n",
    )
    project.run("--pykcov=app")
    found = project.hits()
    assert found["tests/test_b.py::test_trace"] == {2: 1, 4: 1}
    assert found["tests/test_b.py::test_then"] == {2: 1, 3: 1}
    assert "tests/test_b.py::test_set" not in found, "it has taken them"
    assert {one.symbols.path for one in DataFile(project.data).read()} == {
        str(project.root / "app" / "__init__.py")
    }


def test_pyproject_is_rootdirs(project: Project) -> None:
    project.write(
        "pyproject.toml",
        "[tool.pytest.ini_options]\npythonpath = ['src']\n"
        "[tool.pykcov]\nsource = ['src']\nomit = ['src/left/*']\nfail_under = 95\ndata = 'hits'\n",
    )
    project.write("src/lib/__init__.py", APP)
    project.write("src/left/out.py", APP)
    project.write("tests/test_a.py", BOTH.replace("app", "lib"))
    out = project.run("--pykcov", folder="tests", status=1)
    assert "89 % is less than 95 %" in out
    assert "lib/__init__.py" in out
    assert "out.py" not in out
    project.data = project.root / "hits"
    assert len(project.hits("src/lib/__init__.py")) == 3


def test_a_test_that_goes_elsewhere_and_removes_it(project: Project) -> None:
    project.write(
        "tests/test_a.py",
        BOTH + "\ndef test_go():\n    import os\n    os.mkdir('x')\n    os.chdir('x')\n"
        "    os.rmdir('../x')\n",
    )
    out = project.run("--pykcov=app", "--pykcov-report=term", "--pykcov-report=lcov")
    assert "app/__init__.py       9      1    89%" in out
    assert (project.root / "coverage.lcov").exists()


@pytest.mark.parametrize("more", [[], ["-n1"], ["--assert=plain"]], ids=["", "xdist", "plain"])
def test_what_pytest_rewrites_is_counted(project: Project, more: list[str]) -> None:
    project.write("conftest.py", "import pytest\npytest.register_assert_rewrite('tests.helper')\n")
    project.write("tests/__init__.py", "")
    project.write("tests/helper.py", "def check(x):\n    assert x\n    x += 1\n")
    project.write("tests/plain.py", "def check(x):\n    assert x\n")
    project.write("tests/never.py", "def check(x):\n    assert x\n")
    project.write(
        "tests/test_a.py",
        "from tests import helper, plain\nimport app\n\n"
        "def test_it():\n    for n in range(3):\n        helper.check(n + 1 == 1 or n)\n"
        "    assert 1 == app.double(\n        0\n    ) + 1 != 2 and (n if n else n)\n"
        "def test_fails():\n    assert helper.check is None, 'never'\n    plain.check(1)\n",
    )
    out = project.run("--pykcov=.", *more, status=1)
    table = out.partition(" pykcov ====")[2]
    listed = re.findall(r"^(\S+\.py) +\d+ +(\d+)", table, re.MULTILINE)
    assert dict(listed) == {
        "app/__init__.py": "4",
        "conftest.py": "0",
        "tests/__init__.py": "0",
        "tests/helper.py": "0",
        "tests/never.py": "2",
        "tests/plain.py": "1",
        "tests/test_a.py": "1",
    }
    files = by_file(DataFile(project.data).read())
    root = project.root / "tests"
    assert files[str(root / "helper.py")].hits == {1: 1, 2: 3, 3: 3}
    hits = files[str(root / "test_a.py")].hits
    assert {line: hits[line] for line in hits if line not in (8, 9)} == {
        1: 1, 2: 1, 4: 1, 5: 4, 6: 3, 7: 1, 10: 1, 11: 1,
    }  # fmt: skip


def test_a_foreign_file_is_left_alone(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    project.data.write_text("mine")
    assert "[data-foreign]" in project.run("--pykcov", status=4)
    assert project.data.read_text() == "mine"


def test_a_session_within_a_session(project: Project) -> None:
    project.write("tests/test_a.py", BOTH)
    project.write("inner/test_i.py", "import app\ndef test_i():\n    app.double(1)\n")
    project.write(
        "tests/test_b.py",
        "import pytest\ndef test_plain():\n    assert pytest.main(['inner']) == 0\n"
        "def test_both():\n    assert pytest.main(['inner', '--pykcov']) == 4\n"
        "def test_then():\n    import app\n    app.double(9)\n",
    )
    project.run("--pykcov=app", "tests")
    found = project.hits()
    assert found["tests/test_b.py::test_plain"] == {2: 1, 4: 1}
    assert found["tests/test_b.py::test_then"] == {2: 1, 3: 1}


def test_nothing_executed(project: Project) -> None:
    project.write("tests/test_a.py", "def test_it():\n    pass\n")
    no_tests = "--pykcov-config=rc"
    project.write("rc", "[run]\nomit = */tests/*, */conftest.py\n")
    assert "none of the selected code was executed" in project.run("--pykcov", no_tests)
    out = project.run("--pykcov", no_tests, "--pykcov-fail-under=1", status=1)
    assert "0 % is less" in out
    assert "--source nosuch matched nothing" in project.run("--pykcov=nosuch", status=1)


UNREMOVABLE = """\
import pathlib
plain = pathlib.Path.unlink
def unlink(self, *args, **kwargs):
    if self.name == ".pykcov":
        raise OSError(16, "Device or resource busy", str(self))
    plain(self, *args, **kwargs)
pathlib.Path.unlink = unlink
"""


@pytest.mark.parametrize("more", [[], ["-n1"]], ids=["", "xdist"])
def test_a_data_file_that_can_not_be_removed(project: Project, more: list[str]) -> None:
    project.write("conftest.py", UNREMOVABLE)
    project.write("tests/test_a.py", BOTH)
    out = project.run("--pykcov=app", *more, status=4)
    assert "INTERNALERROR" not in out
    (line,) = [line for line in out.splitlines() if "[data-unwritable]" in line]
    assert "Device or resource busy" in line
    project.run("--pykcov=app", "--pykcov-append", *more)
    assert project.hits()["tests/test_a.py::test_low"] == {2: 1, 4: 1}


@pytest.mark.parametrize("more", [[], ["-n1"]], ids=["", "xdist"])
def test_a_data_file_that_can_not_be_written(project: Project, more: list[str]) -> None:
    project.write(
        "tests/test_a.py",
        BOTH + "\ndef test_last():\n    import os\n    os.unlink('.pykcov')\n"
        "    os.mkdir('.pykcov')\n",
    )
    out = project.run("--pykcov=app", *more, status=1)
    assert "3 passed" in out
    assert "INTERNALERROR" not in out
    assert out.count("[data-unwritable]") == 1
    out = project.run("--pykcov=app", *more, status=4)
    assert "INTERNALERROR" not in out
    assert out.count("[data-unwritable]") == 1


def test_settings_of_reports_and_ends(project: Project) -> None:
    project.write(
        "pyproject.toml",
        "[tool.pytest.ini_options]\npythonpath = ['.']\nfilterwarnings = ['error']\n"
        "[tool.pykcov]\nignore_errors = true\nskip_empty = true\nsort = '-miss'\n"
        "sigterm = true\npatch = ['_exit']\n",
    )
    project.write("app/broken.py", "def f(:\n")
    project.write("app/empty.py", "")
    project.write("app/all.py", "a = 1\n")
    project.write(
        "tests/test_a.py",
        "import app, app.all, os, signal\n"
        "def test_fork():\n    pid = os.fork()\n    if not pid:\n        app.double(9)\n"
        "        os._exit(0)\n    os.waitpid(pid, 0)\n"
        "def test_kill():\n    pid = os.fork()\n    if not pid:\n        app.double(1)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -15\n",
    )
    out = project.run("--pykcov=app")
    found = project.hits()
    assert found["tests/test_a.py::test_fork"] == {2: 1, 3: 1}
    assert found["tests/test_a.py::test_kill"] == {2: 1, 4: 1}
    table = out.partition(" pykcov ====")[2]
    assert re.findall(r"(\w+)\.py +\d", table) == ["__init__", "all"]
    assert "broken.py" in table
    assert "INTERNALERROR" not in out
