"""Programs that embed Python: OS threads that share thread states, and interpreters that follow one
another in a process. `make asan` runs these, too: what they go wrong with is memory."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.commands import compiler

SETUP = """
import contextvars
from pykcov import probe
from tests.unit.cores import A, B, C, Recording, attached, hit, section

class Ending:
    def __init__(self):
        self.ended = 0
    def exit(self):
        self.ended += 1

one, other, whole = Recording(), Recording(), Recording()
mine, theirs = Ending(), Ending()
"""
WATCHED = """
# While a section lives, probes watch the thread state's context.
token = probe.section_open(whole.recorder)
copy = contextvars.copy_context()
"""


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("embedder") / "embedder"
    folder, include = sysconfig.get_config_var("LIBDIR"), sysconfig.get_path("include")
    version = sysconfig.get_config_var("LDVERSION")
    source = Path(__file__).with_name("embedder.c")
    command = [compiler(), "-g", "-pthread", f"-I{include}", "-o", str(made), str(source)]
    link = [f"-L{folder}", f"-Wl,-rpath,{folder}", f"-lpython{version}", "-ldl", "-lm", "-lutil"]
    environ = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run([*command, *link], capture_output=True, text=True, env=environ)
    if done.returncode:
        pytest.skip(f"no program can be linked with libpython{version}: {done.stderr[-200:]}")
    return made


@pytest.fixture
def _several(embedder: Path) -> None:
    """What pykcov imports can be imported in one interpreter after another, with this CPython."""
    try:
        run(embedder, "2", "import hashlib", "import hashlib")
    except AssertionError:
        pytest.skip("this CPython crashes when a second interpreter imports hashlib")


def run(embedder: Path, *arguments: str) -> None:
    # Freed memory holds other values: what looks there finds them, with a sanitizer or without.
    environ = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)]),
        PYTHONHOME=sys.base_prefix,
        PYTHONMALLOC="malloc",
        MALLOC_PERTURB_="165",
    )
    done = subprocess.run(
        [embedder, *arguments], capture_output=True, text=True, env=environ, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("watched", [False, True], ids=["plain", "sections live"])
def test_a_thread_state_that_two_threads_use_in_turn(embedder: Path, watched: bool) -> None:
    run(
        embedder,
        "1",
        SETUP + WATCHED * watched,
        "assert one.pcs == [A.pc, C.pc, A.pc, A.pc], one.pcs\n"
        "assert other.pcs == [B.pc], other.pcs\n"
        "assert whole.pcs == [], whole.pcs\n"
        "assert (mine.ended, theirs.ended) == (1, 1)",
        *("A", "1", "probe.set_task(mine); probe.attach(one.recorder); hit(A)"),
        *("B", "1", "assert probe.get_task() is probe.attached() is None; hit(B)"),
        *("B", "1", "probe.set_task(theirs); probe.attach(other.recorder); hit(B)"),
        *("A", "1", "assert probe.get_task() is mine; hit(C)"),
        *("A", "2", "hit(A)"),
        *("B", "1-", "assert (mine.ended, theirs.ended) == (0, 0)"),
        *("A", "2", "assert (mine.ended, theirs.ended) == (0, 1); hit(A)"),
        *("A", "2-", "assert probe.get_task() is mine"),
    )


def test_a_section_stays_with_its_context(embedder: Path) -> None:
    run(
        embedder,
        "1",
        SETUP + WATCHED,
        "hit(C)\nassert whole.pcs == [A.pc, B.pc, A.pc, C.pc], whole.pcs",
        *("A", "1", "copy.run(hit, A); hit(C)"),
        *("B", "1", "copy.run(hit, B); hit(C)"),
        *("A", "1", "hit(C); copy.run(hit, A); hit(C)"),
        *("B", "1-", "hit(C)"),
        *("A", "2", "hit(C)"),
        *("A", "2-", "hit(C)"),
    )


def test_a_thread_state_that_is_deleted_elsewhere_and_nobody_looked(embedder: Path) -> None:
    """The other thread has no probes in between: nothing but the end itself tells the first one."""
    run(
        embedder,
        "1",
        SETUP + WATCHED,
        "assert one.pcs == [A.pc, C.pc, B.pc], one.pcs\nassert mine.ended == 0",
        *("A", "1", "probe.set_task(mine); probe.attach(one.recorder); hit(A)"),
        *("B", "1-", "pass"),
        *("A", "2", "hit(C); probe.detach(); hit(A); probe.attach(one.recorder); hit(B)"),
        *("A", "2", "assert probe.get_task() is mine; probe.set_task(None); probe.detach()"),
    )


@pytest.mark.usefixtures("_several")
@pytest.mark.parametrize("watched", [False, True], ids=["plain", "sections live"])
def test_interpreters_one_after_another(embedder: Path, watched: bool) -> None:
    """A and B outlive each, with recorders of their own attached."""
    attach = "probe.set_task(mine); probe.attach({}.recorder); hit({})"
    run(
        embedder,
        "3",
        SETUP + WATCHED * watched + "hit(A); probe.attach(Recording().recorder); hit(B)",
        "assert (one.pcs, other.pcs) == ([A.pc, C.pc], [B.pc]), (one.pcs, other.pcs)\n"
        f"assert whole.pcs == {'[A.pc]' if watched else '[]'}, whole.pcs\n"
        "probe.quiet.__enter__()  # and never left\n"
        "probe.count_everyone(probe.new_counters()); hit(A)",
        *("A", "1", "assert probe.get_task() is probe.attached() is None"),
        *("A", "1", attach.format("one", "A")),
        *("B", "2", "assert probe.get_task() is probe.attached() is None"),
        *("B", "2", attach.format("other", "B")),
        *("A", "1", "hit(C)"),
    )


@pytest.mark.usefixtures("_several")
def test_instrumenting_in_each_of_several_interpreters(embedder: Path) -> None:
    program = """
import pykcov
with pykcov.instrument(source=["tomllib"]) as handle:
    import tomllib
    with pykcov.trace() as traced:
        tomllib.loads("answer = 42")
    assert len(traced.pcs) > 10 and handle.blocks > 100, (traced, handle)
"""
    run(embedder, "2", program, program)
