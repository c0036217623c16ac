"""What was counted is there however the program ends, as far as docs/reports.md says."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.report.made import pykcov

from pykcov.measure.datafile import DataFile

pytestmark = [pytest.mark.slow, pytest.mark.once]

ALL = 'sigterm = true\npatch = ["_exit", "execv"]\n'
PROGRAM = """\
import os, signal, sys, time, warnings
warnings.simplefilter("ignore")  # of forks with threads, in 3.12
def work(n):
    for i in range(n):
        pass  # counted
"""
PASS = PROGRAM.splitlines().index("        pass  # counted") + 1


class Ending:
    """A program that ends in some way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, text: str, config: str) -> None:
        (self.folder / "prog.py").write_text(PROGRAM + text)
        (self.folder / "pyproject.toml").write_text(f"[tool.pykcov]\n{config}")

    def run(self, text: str, config: str = ALL, status: int = 0) -> str:
        self.write(text, config)
        done = pykcov(self.folder, "run", "--data", "hits", "prog.py", status=status)
        return done.stdout + done.stderr

    def counted(self) -> int:
        found = 0
        for one in DataFile(self.folder / "hits").read():
            for block, count in one.total().items():
                lines = one.symbols.block(0, block).lines
                found += count if PASS in lines and one.symbols.path.endswith("/prog.py") else 0
        return found


@pytest.fixture
def ending(tmp_path: Path) -> Ending:
    return Ending(tmp_path)


def test_os__exit(ending: Ending) -> None:
    ending.run("work(5)\nos._exit(3)\n", status=3)
    assert ending.counted() == 5
    ending.run(
        "if not os.fork():\n    work(7)\n    os._exit(status=4)\n"
        "assert os.waitstatus_to_exitcode(os.wait()[1]) == 4\nwork(1)\n"
    )
    assert ending.counted() == 13


def test_exec(ending: Ending) -> None:
    assert "hello" in ending.run("work(5)\nos.execlp('echo', 'echo', 'hello')\n")
    assert ending.counted() == 5
    ending.run("work(1)\nos.execvpe('true', ['true'], {'A': 'B'})\n")
    assert ending.counted() == 6


def test_sigterm(ending: Ending) -> None:
    ending.run("work(5)\nos.kill(os.getpid(), signal.SIGTERM)\nwork(100)\n", status=-15)
    assert ending.counted() == 5
    out = ending.run(
        "import multiprocessing\n"
        "def run():\n    work(7)\n    print('there', flush=True)\n    time.sleep(60)\n"
        "def main():\n"
        "    p = multiprocessing.get_context('fork').Process(target=run)\n    p.start()\n"
        "    time.sleep(0.5)\n    p.terminate()\n    p.join()\n    print('ended by', p.exitcode)\n"
        "main()\n"
    )
    assert "ended by -15" in out
    assert ending.counted() == 12


def test_a_program_that_handles_sigterm_itself(ending: Ending) -> None:
    out = ending.run(
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit('mine'))\nwork(5)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)\n",
        status=1,
    )
    assert "mine" in out
    assert ending.counted() == 5


def test_sigterm_in_the_middle_of_a_save(ending: Ending) -> None:
    ending.run(
        "from pykcov.measure import collector, datafile\n"
        "plain = datafile._text_of\n"
        "def killed(*args):\n    os.kill(os.getpid(), signal.SIGTERM)\n    work(100)\n"
        "    return plain(*args)\n"
        "datafile._text_of = killed\nwork(5)\ncollector.save()\nprint('went on')\nwork(100)\n",
        status=-15,
    )
    assert ending.counted() == 5


def test_nothing_is_patched_unless_it_is_asked_for(ending: Ending) -> None:
    out = ending.run(
        "import threading, _thread\n"
        "print(os._exit.__class__.__name__, os.execv.__class__.__name__,"
        " signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, threading.active_count(),"
        " len(os.listdir('/proc/self/task')))\n",
        config="",
    )
    assert out.startswith("builtin_function_or_method builtin_function_or_method True 1 1\n")


def test_sigkill_loses_what_came_after_the_last_save(ending: Ending) -> None:
    ending.write("work(5)\nprint('there', flush=True)\ntime.sleep(60)\n", "save_every = 0.05\n")
    command = [sys.executable, "-m", "pykcov", "run", "--data", "hits", "prog.py"]
    with subprocess.Popen(command, cwd=ending.folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        while not ending.counted():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert ending.counted() == 5


def test_a_fork_while_a_thread_saves(ending: Ending) -> None:
    ending.run(
        "import threading\nfrom pykcov.measure import datafile\n"
        "datafile.PATIENCE = datafile.Patience(2.0)\n"
        "plain, saving = datafile._text_of, threading.Event()\n"
        "def slow(*args):\n    saving.set()\n    time.sleep(0.3)\n    return plain(*args)\n"
        "datafile._text_of = slow\nwork(5)\nassert saving.wait(20)\n"
        "pid, datafile._text_of = os.fork(), plain\nwork(3)\n"
        "if pid:\n    assert os.waitpid(pid, 0)[1] == 0\n",
        config=ALL + "save_every = 0.01\n",
    )
    assert ending.counted() == 11


@pytest.mark.parametrize(
    "key", ['patch = ["spawn"]', "save_every = 'a'", "save_every = inf", "sigterm = 1"]
)
def test_wrong_settings(ending: Ending, key: str) -> None:
    out = ending.run("", config=key, status=1)
    assert re.fullmatch(r"pykcov: [^\n]+\[config-bad\]\n", out)
