"""However a program ends: status, stdout and stderr are what they are without pykcov."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.ends import ENDS, NO_FILES, VALUES

pytestmark = pytest.mark.slow

VALUE = "import sys\ntry:\n    sys.exit({})\nfinally:\n    print('leaves')\n"
PROGRAMS = {**ENDS, **{f"exits with {value}": VALUE.format(value) for value in VALUES}}
# Where the interpreter dies of something, and what it says of its own memory.
ADDRESS = re.compile(rb"0x[0-9a-f]+")


def outcome(process: subprocess.Popen[bytes]) -> tuple[int, bytes, list[bytes]]:
    out, errors = process.communicate(timeout=60)
    lines = ADDRESS.sub(b"0x", errors).splitlines()
    said = [line for line in lines if not line.startswith(b"pykcov: ")]
    return process.returncode, ADDRESS.sub(b"0x", out), said


def outcomes(
    folder: Path, text: str | bytes, **environ: str
) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Return how a program ends plain, traced, and counted."""
    program = folder / "program.py"
    program.write_bytes(text if isinstance(text, bytes) else text.encode())
    env = {**os.environ, "PYTHONHASHSEED": "0", **environ}
    data = folder / "out" / "data"  # not in the folder, whose time of change importlib looks at
    data.parent.mkdir(exist_ok=True)
    run = ["-m", "pykcov", "run"]
    ways = [[], [*run, "--trace", os.devnull], [*run, "--data", str(data)]]
    processes = [
        subprocess.Popen(
            [sys.executable, *way, "program.py"],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for way in ways
    ]
    return map(outcome, processes)


def ends_the_same(folder: Path, text: str | bytes, **environ: str) -> None:
    plain, traced, counted = outcomes(folder, text, **environ)
    assert traced == plain
    assert counted == plain


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_it_ends_the_same(tmp_path: Path, text: str) -> None:
    ends_the_same(tmp_path, text)


def test_the_status_tells_of_data_that_can_not_be_written(tmp_path: Path) -> None:
    plain, traced, counted = outcomes(tmp_path, NO_FILES)
    assert traced == plain
    assert plain[0] == 0
    assert counted == (1, *plain[1:])


@pytest.mark.parametrize("name", ["closes_2", "closes_012", "closerange"])
def test_it_ends_the_same_unbuffered(tmp_path: Path, name: str) -> None:
    ends_the_same(tmp_path, ENDS[name], PYTHONUNBUFFERED="1")


@pytest.mark.parametrize(
    "text", [b"x = '\0'\n", b"x = '\xff'\n", b"# coding: latin-99\n", b"def f():\n\tx\n        y\n"]
)
def test_what_does_not_compile_is_told_the_same(tmp_path: Path, text: bytes) -> None:
    ends_the_same(tmp_path, text)


TRACED = """
import atexit, contextlib, logging, os, random, signal, sys, threading, traceback
events = []

def note(frame, event, arg):
    where = frame.f_code.co_filename.rpartition('/')[2]
    events.append((event, where, frame.f_code.co_qualname, frame.f_lineno, frame.f_back is None))
    return note

def end():
    sys.settrace(None)
    sys.setprofile(None)
    print(*events, sep='\\n')

atexit.register(end)
sys.{set}(note)
if os.fork() == 0:
    events.append('child')
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.exit(1)
os.wait()
{leave}
"""


@pytest.mark.parametrize("leave", ["", "sys.exit(3)", "sys.excepthook = lambda *_: None\n1 / 0"])
@pytest.mark.parametrize("set_", ["settrace", "setprofile"])
def test_a_trace_function_sees_nothing_of_the_end(tmp_path: Path, set_: str, leave: str) -> None:
    """Nor of forks, and no frames of pykcov's are below the program's."""
    ends_the_same(tmp_path, TRACED.format(set=set_, leave=leave))


TOOLS = {
    "profile": "import profile\nprofile.Profile().runcall(__import__, 'colorsys')\n",
    "cProfile": "import cProfile, pstats\np = cProfile.Profile()\np.runcall(__import__, 'made')\n"
    "print(sorted((k, v[:2]) for k, v in pstats.Stats(p).stats.items()))\n",
    "trace": "import trace\nt = trace.Trace(count=1, trace=0)\nt.runfunc(__import__, 'made')\n"
    "print(sorted(t.results().counts.items()))\n",
    "pdb": "import io, pdb, signal, sys, traceback, token, tokenize\ndef f():\n    import made\n"
    "    return made\n"
    "pdb.Pdb(stdin=io.StringIO('s\\n' * 9 + 'w\\nr\\nn\\nn\\nn\\nw\\nc\\n'), nosigint=True,"
    " skip=['importlib*']).set_trace()\nf()\nprint('over')\n",
    "bdb": "import bdb, sys\nclass B(bdb.Bdb):\n    stops = 0\n    def user_line(self, frame):\n"
    "        B.stops += 1\n        self.set_step()\n"
    "for skip in (None, ['importlib*']):\n    sys.modules.pop('made', None)\n"
    "    B(skip=skip).runcall(__import__, 'made')\n    print(B.stops)\n",
}


@pytest.mark.parametrize("text", TOOLS.values(), ids=TOOLS)
def test_tools_find_what_they_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "made.py").write_text("def f(x):\n    return [x for x in x]\nf('ab')\n")
    (tmp_path / "nothing.py").touch()
    # Look into all folders once: a program that pykcov runs has imported less by itself.
    ends_the_same(tmp_path, "import sys\nsys.dont_write_bytecode = True\nimport nothing\n" + text)
