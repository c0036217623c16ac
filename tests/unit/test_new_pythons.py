"""What came with 3.14 and 3.15: the JIT, lazy imports, the profilers of the standard library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

jit: Any = getattr(sys, "_jit", None)
LAZY = pytest.mark.skipif(sys.version_info < (3, 15), reason="lazy imports are new in 3.15")
PROFILING = pytest.mark.skipif(sys.version_info < (3, 15), reason="profiling is new in 3.15")
JIT = pytest.mark.skipif(
    jit is None or not jit.is_available(), reason="this CPython is built without a JIT"
)

LOOPS = """
import sys
import pykcov

pykcov.instrument(source=["looping"])
import looping

with pykcov.trace(1 << 20) as trace:
    print(looping.collatz(400), looping.texts(3000))
print(len(trace.pcs), *trace.pcs[-5000:])
print(getattr(sys, "_jit", None) and sys._jit.is_enabled(), file=sys.stderr)
"""
LOOPING = """
def collatz(limit):
    best = 0
    for n in range(1, limit):
        steps = 0
        while n != 1:
            n = 3 * n + 1 if n % 2 else n // 2
            steps += 1
        best = max(best, steps)
    return best


def texts(count):
    found = [x for x in range(count) if x % 3 == 0 or x is None]
    return sum(1 for x in found if x not in (3, 6, -1)), "".join(str(x) for x in found)[-9:]
"""


def python(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environ},
        capture_output=True,
        text=True,
    )


@JIT
def test_what_the_jit_compiles_records_the_same(tmp_path: Path) -> None:
    (tmp_path / "looping.py").write_text(LOOPING)
    found = [python(tmp_path, "-c", LOOPS, PYTHON_JIT=on) for on in "01"]
    assert [done.stderr for done in found] == ["False\n", "True\n"]
    assert found[0].stdout == found[1].stdout
    assert len(found[0].stdout.split()) > 5000


@LAZY
@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
def test_a_lazy_import_stays_lazy(tmp_path: Path, before: bool) -> None:
    """instrument() loads nothing, whenever it is called; the first use does, with probes."""
    (tmp_path / "using.py").write_text("lazy import used\n\ndef f():\n    return used.g()\n")
    (tmp_path / "used.py").write_text("def g():\n    return 1\n")
    program = [
        "import sys, pykcov",
        "pykcov.instrument(source=['using', 'used'])",
        "import using",
        "print('used' in sys.modules)",
        "for _ in range(2):",
        "    with pykcov.trace(100) as trace: using.f()",
        "    print(len(trace.pcs), 'used' in sys.modules)",
    ]
    if not before:
        program[1:3] = program[2:0:-1]
    done = python(tmp_path, "-c", "\n".join(program))
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["False", "3 True", "2 True"]


@PROFILING
def test_profilers_find_the_program(tmp_path: Path) -> None:
    (tmp_path / "looping.py").write_text(LOOPING)
    (tmp_path / "program.py").write_text(LOOPS)
    plain = python(tmp_path, "program.py").stdout
    traced = python(tmp_path, "-m", "profiling.tracing", "program.py").stdout
    assert traced.startswith(plain)
    assert "looping.py:2(collatz)" in traced
