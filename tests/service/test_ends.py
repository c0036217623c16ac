"""What becomes of a device's socket when its process ends, in whatever way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests import commands
from tests.service import namespaces
from tests.service.talking import Told

import pykcov
from pykcov.service import addresses

pytestmark = pytest.mark.once

_numbers = count()

# Says what SIGTERM does, as the program sees it, then does what it is told.
PROGRAM = """
import ctypes, os, signal, sys, time
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
for line in sys.stdin:
    if line == "handle\\n":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    elif line == "give back\\n":
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    elif line == "ignore\\n":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif line == "fork\\n":
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
        os.kill(pid, signal.SIGTERM)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        continue
    elif line == "end in C\\n":
        ctypes.PyDLL(None).exit(3)
    print("done", flush=True)
"""


class Running:
    """A program whose device is `name`."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self.process, self.name = process, name
        self.socket = addresses.socket_of(name)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, what: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self.line()

    def killed(self, signum: int) -> int:
        """Send it a signal; returns its exit status, as subprocess has it."""
        self.process.send_signal(signum)
        return self.process.wait(20)


@contextlib.contextmanager
def running(tmp_path: Path, *before: str) -> Iterator[Running]:
    """pykcov run --device, of PROGRAM."""
    name = f"ends-{os.getpid()}-{next(_numbers)}"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    words = ["-m", "pykcov", "run", "--source", str(tmp_path), "--device", name, str(program)]
    with subprocess.Popen(
        [*before, sys.executable, "-W", "ignore::DeprecationWarning", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            made = Running(process, name)
            assert made.line() == "True", "as in plain Python"
            assert addresses.socket_of(name).exists()
            made.socket = addresses.socket_of(name)
            yield made
        finally:
            process.kill()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_the_program_leaves_alone(tmp_path: Path, signum: signal.Signals) -> None:
    with running(tmp_path) as program:
        assert program.killed(signum) == -signum
        assert not program.socket.exists()


def test_a_handler_that_is_given_back(tmp_path: Path) -> None:
    """As uvicorn does, which then dies by the signal that it had caught."""
    with running(tmp_path) as program:
        assert program.ask("handle") == program.ask("give back") == "done"
        assert program.killed(signal.SIGTERM) == -signal.SIGTERM
        assert not program.socket.exists()


def test_the_programs_own_handlers_are_its_own(tmp_path: Path) -> None:
    with running(tmp_path) as program:
        assert program.ask("ignore") == "done"
        program.process.send_signal(signal.SIGTERM)
        assert program.ask("handle") == "done", "it lives"
        assert program.killed(signal.SIGTERM) == 7


def test_a_forked_child_leaves_the_socket_alone(tmp_path: Path) -> None:
    with running(tmp_path) as program:
        assert program.ask("fork") == str(-signal.SIGTERM)
        assert pykcov.connect(program.name).info["pid"] == program.process.pid


def test_an_end_in_c(tmp_path: Path) -> None:
    with running(tmp_path) as program:
        program.ask("end in C")
        assert program.process.wait(20) == 3
        assert not program.socket.exists()


def test_the_first_process_of_a_container(tmp_path: Path) -> None:
    """Linux has it ignore a SIGTERM that it has no handler for, and so it does with a device."""
    with running(tmp_path, *namespaces.unshare("--pid", "--fork")) as program:
        inside = namespaces.only_child(program.process.pid)
        os.kill(inside, signal.SIGTERM)
        assert program.ask("give back") == "done"
        os.kill(inside, signal.SIGTERM)
        assert program.ask("give back") == "done"
        assert pykcov.connect(program.name).info["pid"] == 1
        os.kill(inside, signal.SIGKILL)


def test_what_a_killed_process_leaves_is_removed_by_who_finds_it(tmp_path: Path) -> None:
    with running(tmp_path) as program:
        assert program.killed(signal.SIGKILL) == -signal.SIGKILL
        assert program.socket.exists()
        with pytest.raises(pykcov.PykcovError, match=r"any more; .* left over .device-missing"):
            pykcov.connect(program.name)
        listed = commands.pykcov("ls", status=0)
        assert program.name not in listed.stdout
        assert not program.socket.exists()


def test_no_signal_comes_to_threads_of_pykcov(tmp_path: Path) -> None:
    """A handler in C would run there, and a system call of the main thread go on."""
    with running(tmp_path) as program:
        blocked = {}
        for task in Path(f"/proc/{program.process.pid}/task").iterdir():
            lines = (task / "status").read_text(encoding="ascii").splitlines()
            (mask,) = (line.split()[1] for line in lines if line.startswith("SigBlk:"))
            blocked[int(task.name)] = int(mask, 16)
        assert blocked.pop(program.process.pid) == 0, "the main thread's is as it was"
        (of_ours,) = blocked.values()
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            assert of_ours >> (signum - 1) & 1, signum
        assert not of_ours >> (signal.SIGSEGV - 1) & 1, "a crash is one"


def test_uvicorn_dies_as_without_pykcov(tmp_path: Path) -> None:
    app = tmp_path / "small.py"
    app.write_text("async def app(scope, receive, send): pass\n", encoding="utf-8")
    name = f"ends-{os.getpid()}-{next(_numbers)}"
    plain = ["-m", "uvicorn", "small:app", "--port", "0", "--lifespan", "off"]
    shown = ["-m", "pykcov", "run", "--source", "small", "--device", name, *plain]
    ends = []
    for words in (plain, shown):
        with subprocess.Popen(
            [sys.executable, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "running on" in line:
                    break
            assert addresses.socket_of(name).exists() == (words is shown)
            process.terminate()
            ends.append(process.wait(20))
    assert ends[0] == ends[1]
    assert not addresses.socket_of(name).exists()


def test_a_device_that_was_closed_leaves_no_file_open(shown: Told) -> None:
    files = """
        import gc, os
        for _ in range(20):
            server.close()
            server = pykcov.serve(server.name)
        gc.collect()
        answer = len(os.listdir("/proc/self/fd"))
    """
    assert shown.ask(files) == shown.ask(files)
