"""Workers that a program in C forks, where Python is not told: uWSGI's are such."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.service import launched
from tests.service.collecting import Alone, enabled, once, take
from tests.service.judging import kinds_of
from tests.service.processes import all_are_alike, judged, replace_holder, served, traced, until
from tests.service.talking import ROOT, Forking, Service, Told

import pykcov
from pykcov import forks, probe
from pykcov.abi.kcov import KCOV_DISABLE
from pykcov.device import sections, task
from pykcov.measure import collector, counts
from pykcov.service import serve
from pykcov.symbols import active

pytestmark = pytest.mark.once


@pytest.fixture
def service() -> Iterator[Service]:
    with Forking(2) as made:
        yield made


def test_sections(service: Service, alone: Alone) -> None:
    with pykcov.connect(service.name).remote(7) as t:
        for n in range(6):
            assert service.request(7, n) == "whole"
            assert (list(t.pcs), t.complete) == (alone(n), True)
            t.clear()


def test_all_threads(service: Service, alone: Alone) -> None:
    """Nothing of pykcov's is called before the first block of a child."""
    descriptor, area = enabled(pykcov.connect(service.name))
    with descriptor:
        for n in range(6):
            assert service.request("all", n) == "done"
            assert take(area) == alone(n)
        descriptor.ioctl(KCOV_DISABLE)
        assert service.request("all", 1) == "done"
        assert take(area) == []


def test_blocks(service: Service, alone: Alone) -> None:
    descriptor, area = enabled(pykcov.connect(service.name), "blocks")
    with descriptor:
        for n in range(4):
            service.request("all", n)
            assert take(area) == once(alone(n))
        descriptor.ioctl(KCOV_DISABLE)


# -- the steps -------------------------------------------------------------------------------------

STEPS = """
import os, sys
from tests.live import subject
from tests.unit.native_raw import fork_in_c
import pykcov
from pykcov import forks

done = []
forks.in_child(lambda: done.append("last"))
forks._steps.insert(0, lambda: done.append("first"))
with pykcov.instrument(include=["**/tests/live/subject.py"]):
    pid = os.fork() if sys.argv[1] == "os" else fork_in_c(True)
    if pid == 0:
        before = list(done)
        if sys.argv[2] == "hit":
            subject.work(1)
        elif sys.argv[2] == "open":
            pykcov.open().close()
        elif sys.argv[2] == "remote":
            pykcov.remote(7).start()
        subject.work(1)
        print(before, done, flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    assert done == []
"""


@pytest.mark.parametrize("noticed", ["hit", "open", "remote"])
@pytest.mark.parametrize("how", ["os", "C"])
def test_steps_are_done_once_and_in_their_order(how: str, noticed: str) -> None:
    """As soon as Python says so, or else at the first hit or call."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS, how, noticed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    steps = ["first", "last"]
    assert done.stdout == f"{steps if how == 'os' else []} {steps}\n", done.stderr


def test_a_step_that_fails_keeps_none_back(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fails() -> None:
        raise ValueError

    def interrupted() -> None:
        done.append("interrupted")
        raise KeyboardInterrupt

    monkeypatch.setattr("pykcov.errors.raise_own_bugs", False)
    monkeypatch.setattr(forks, "_steps", [fails, interrupted, lambda: done.append("last")])
    monkeypatch.setattr(forks, "_done", probe.generation() - 1)
    monkeypatch.setattr(forks, "_due", {})
    with pytest.raises(KeyboardInterrupt):  # a signal handler's is the program's
        forks.do_due()
    assert forks.do_due()
    assert forks.do_due()
    assert done == ["interrupted", "last"]


def test_who_has_steps() -> None:
    """Those of a module come behind those of the modules that it imports."""
    steps = [step.__module__ for step in forks._steps]
    assert steps.index(collector.__name__) > steps.index(counts.__name__)
    below = (active, task, sections)
    assert steps.index(serve.__name__) > max(steps.index(module.__name__) for module in below)


COUNTED = """
import os, sys
from pathlib import Path
from tests.live import subject
from tests.unit.native_raw import fork_in_c
import pykcov
from pykcov.measure import collector

handle = pykcov.instrument(include=["**/tests/live/subject.py"], by_line=True)
collector.start(Path(sys.argv[1]), handle.store)
subject.work(1)
pid = fork_in_c(True)
if pid == 0:  # which ends without a hit of its own
    collector.save()
    os._exit(0)
os.waitpid(pid, 0)
"""


def test_a_child_does_not_save_what_its_parent_counted(tmp_path: Path) -> None:
    counts: list[bytes] = []
    for how in ("fork_in_c(True)", "-1 or 1"):
        data = tmp_path / f"data{len(counts)}"
        program = COUNTED.replace("fork_in_c(True)", how).replace("os.waitpid(pid, 0)\n", "")
        program += "if pid > 1: os.waitpid(pid, 0)\n" if "fork" in how else ""
        subprocess.run([sys.executable, "-c", program, str(data)], cwd=ROOT, check=True)
        counts.append(
            subprocess.run(
                [sys.executable, "-m", "pykcov", "lcov", "--data", str(data), "-o", "-"],
                capture_output=True,
                check=True,
            ).stdout
        )
    assert b"DA:" in counts[0]
    assert counts[0] == counts[1]


# -- uWSGI ----------------------------------------------------------------------------------------

UWSGI = ["--http-socket", "127.0.0.1:0", "--master", "--die-on-term", "--pythonpath", "."]
UWSGI += ["--add-header", "Connection: close"]  # it closes it, and else would not say so
START = "import sys, pyuwsgi; pyuwsgi.run(sys.argv[1:])"  # what its command is
LOADED = {"in the master": [], "in each worker": ["--lazy-apps"]}


@pytest.mark.slow
@pytest.mark.parametrize("threads", [["--enable-threads"], ["--threads", "4"]], ids=str)
@pytest.mark.parametrize("loaded", LOADED)
def test_uwsgi(
    loaded: str, threads: list[str], note: Callable[[str], None], tmp_path: Path
) -> None:
    pytest.importorskip("pyuwsgi")
    app = ["--wsgi", "tests.service.showing_app:app", "--processes", "3"]
    words = ["-c", START, *UWSGI, *app, *threads, *LOADED[loaded]]
    times = 1 if loaded == "in the master" else 3
    with launched.launched(
        words, tmp_path / "log", "WSGI app 0", times, {"TEST_DEVICE": "{device}"}
    ) as service:
        requests, processes = judged(service, kinds_of("flask_app"))
        if loaded == "in each worker":
            expected, _ = traced(service, 2)
            replace_holder(service, signal.SIGKILL)
            until(lambda: len(served(service.port)) == 3, "a worker is missing")
            all_are_alike(service, expected, 2)
    assert processes > 1
    note(f"uWSGI, {loaded}, {' '.join(threads)}: {requests} requests traced as alone")


def test_a_child_that_c_has_forked_closes_nothing(shown: Told, name: str) -> None:
    """It ends as Python does, and Python has not told it that it is a child."""
    source = """
        import atexit, ctypes, os, signal
        pid = ctypes.PyDLL(None).fork()
        if pid == 0:
            signal.alarm(2)
            atexit._run_exitfuncs()
            os._exit(0)
        answer = os.waitpid(pid, 0)[1]
    """
    assert shown.ask(source) == 0
    assert pykcov.connect(name).info["pid"] == shown.process.pid
