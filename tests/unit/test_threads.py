"""Threads, their ends, threads that C made, and the end of the interpreter."""

from __future__ import annotations

import contextvars
import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.commands import python
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread, section
from tests.unit.native_raw import keep_thread_state, module_slots, on_c_thread

from pykcov import probe
from pykcov.probe import _core


class Ending:
    """A task that notes its exit()."""

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.ended_on: list[int] = []
        self.then = then

    def exit(self) -> None:
        self.ended_on.append(threading.get_ident())
        self.then()


class Finalized:
    """Calls something when it is dropped."""

    def __init__(self, then: Callable[[], object]) -> None:
        self.then = then

    def __del__(self) -> None:
        self.then()


def test_each_thread_has_its_own() -> None:
    recordings = [Recording() for _ in range(4)]
    step = threading.Barrier(4)

    def work(made: Recording) -> None:
        with attached(made):
            for _ in range(5):
                step.wait()
                hit(A)

    threads = [threading.Thread(target=work, args=(made,)) for made in recordings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [made.pcs for made in recordings] == [[A.pc] * 5] * 4


def test_threads_that_share_a_section_lose_nothing() -> None:
    with section(Recording(1 << 16)) as made:

        def work() -> None:
            for _ in range(2000):
                hit(A, B)

        copies = [contextvars.copy_context() for _ in range(4)]
        threads = [threading.Thread(target=copy.run, args=(work,)) for copy in copies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(made.pcs) == [A.pc] * 8000 + [B.pc] * 8000


@pytest.mark.parametrize("start", [in_thread, on_c_thread], ids=["python", "C"])
def test_exit_is_called_before_join_returns(start: Callable[[Callable[[], object]], None]) -> None:
    for _ in range(20):
        task = Ending()
        where: list[int] = []

        def work(task: Ending = task, where: list[int] = where) -> None:
            probe.set_task(task)
            assert probe.get_task() is task
            where.append(threading.get_ident())

        start(work)
        assert task.ended_on == where


def test_exit_of_a_task_that_was_replaced_is_not_called() -> None:
    first, second = Ending(), Ending()

    def work() -> None:
        probe.set_task(first)
        probe.set_task(second)
        probe.set_task(None)

    in_thread(work)
    assert (first.ended_on, second.ended_on) == ([], [])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_exit_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: raised.append(info.exc_type))

    def work() -> None:
        probe.set_task(Ending(lambda: [][1]))
        probe.attach(Recording().recorder)

    in_thread(work)
    assert raised == [IndexError]


def test_end_of_a_recorded_thread_lets_go_of_its_area() -> None:
    memory = bytearray(64)

    def work() -> None:
        probe.attach(probe.Recorder(memory))
        hit(A)

    in_thread(work)
    memory.clear()
    memory += bytes(64)
    on_c_thread(work)
    memory.clear()


@pytest.mark.parametrize("start", [in_thread, on_c_thread], ids=["python", "C"])
@pytest.mark.parametrize("before", [True, False], ids=["before us", "after us"])
def test_finalizers_of_thread_locals(
    start: Callable[[Callable[[], object]], None], before: bool
) -> None:
    """They run when the thread state is cleared, in the order in which they got there; since 3.13
    all come before us."""
    made, local, errors = Recording(), threading.local(), []

    def last() -> None:
        hit(C)
        try:
            probe.attach(made.recorder)
        except RuntimeError as error:
            errors.append(str(error))
        hit(C)

    def work() -> None:
        if before:
            local.last = Finalized(last)
        probe.attach(made.recorder)
        hit(A)
        if not before:
            local.last = Finalized(last)

    start(work)
    if before or sys.version_info >= (3, 13):
        assert made.pcs == [A.pc, C.pc, C.pc]
        assert errors == ["this thread has a recorder already"]
    else:
        assert made.pcs == [A.pc]
        assert errors == ["this thread has ended"]


def test_context_variables_finalizers_come_after_the_end() -> None:
    made, variable = Recording(), contextvars.ContextVar[Finalized]("last")

    def work() -> None:
        probe.attach(made.recorder)
        hit(A)
        variable.set(Finalized(lambda: hit(C)))

    on_c_thread(work)
    assert made.pcs == [A.pc]


@pytest.mark.parametrize("where", ["context", "thread-local"])
def test_first_hit_of_a_thread_state_that_is_being_cleared(where: str) -> None:
    """Too late to see its end; and the next one, on the same thread of C, has its address."""
    local, variable = threading.local(), contextvars.ContextVar[Finalized]("last")
    with section(Recording()) as made:

        def work() -> None:
            last = Finalized(lambda: hit(C))
            if where == "context":
                variable.set(last)
            else:
                local.last = last

        on_c_thread(work, 10)
    assert made.pcs == []


def test_a_thousand_thread_states_on_one_thread() -> None:
    """PyGILState_Ensure() makes one for each call of a callback, at the address of the last."""
    made, count = Recording(4096), iter(range(1000))

    def work() -> None:
        assert probe.attached() is None
        assert probe.get_task() is None
        hit(B)
        if next(count) % 3 == 0:
            probe.attach(made.recorder)
            probe.set_task(Ending())
            hit(A)

    on_c_thread(work, 1000)
    assert made.pcs == [A.pc] * 334


def test_a_thousand_thread_states_while_sections_live() -> None:
    """While one lives, each thread state's context is watched, but not once that has gone."""
    count = iter(range(1000))
    own = [Recording(8) for _ in range(334)]
    with section(Recording(4096)) as elsewhere:
        copy = contextvars.copy_context()

        def work() -> None:
            n = next(count)
            hit(B)
            if n % 3 == 0:
                probe.section_open(own[n // 3].recorder)  # and never closed
                hit(A)
            else:
                copy.run(hit, C)
            contextvars.Context().run(hit, B)

        on_c_thread(work, 1000)
    assert [made.pcs for made in own] == [[A.pc]] * 334
    assert elsewhere.pcs == [C.pc] * 666


def test_a_thread_of_c_that_keeps_its_thread_state() -> None:
    task = Ending()
    memory = bytearray(64)

    def work() -> None:
        keep_thread_state()
        probe.set_task(task)
        probe.attach(probe.Recorder(memory))
        hit(A)

    on_c_thread(work)
    assert task.ended_on == []
    with section(Recording()) as made:  # touches every thread that is registered
        hit(B)
    probe.count_everyone(None)
    assert (made.pcs, memory[0]) == ([B.pc], 1)


def test_threads_of_c_end_while_all_threads_are_told_of_changes() -> None:
    """They end without the GIL: `make tsan` looks for races here."""

    def work() -> None:
        keep_thread_state()
        probe.set_task(Ending())
        probe.attach(probe.Recorder(bytearray(64)))
        hit(A)

    threads = [threading.Thread(target=on_c_thread, args=(work,)) for _ in range(24)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for _ in range(100):
            probe.count_everyone(None)
    in_thread(lambda: hit(B))  # drops what they have left
    for thread in threads:
        thread.join()


FINALIZING = """
import threading, time, atexit, contextvars
from pykcov import probe
from tests.unit.cores import A, Recording, attached, section, hit

{setup}
def loop():
    probe.attach(Recording(1 << 16).recorder)
    started.release()
    while True:
        ~A; ~A; ~A

def sections():
    started.release()
    while True:
        with section(Recording()):
            ~A

started = threading.Semaphore(0)
for n in range(4):
    threading.Thread(target=sections if n % 2 else loop, daemon=True).start()
for n in range(4):
    started.acquire()

class Last:
    def __del__(self, hit=hit, A=A):
        hit(A)

last, late = Last(), Recording()
probe.attach(late.recorder)
probe.count_everyone(probe.new_counters())
import sys
sys.last = last
atexit.register(hit, A)
hit(A)
{end}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setup", "end", "code"),
    [
        ("", "", 0),
        ("", "raise SystemExit(3)", 3),
        ("probe.set_task(type('T', (), {'exit': lambda self: hit(A)})())", "", 0),
        ("token = probe.section_open(Recording().recorder)", "", 0),
        ("probe.quiet.__enter__()", "", 0),
    ],
    ids=["end", "exit", "task", "section", "quiet"],
)
def test_daemons_hit_while_the_interpreter_ends(setup: str, end: str, code: int) -> None:
    for _ in range(3):
        done = python("-c", FINALIZING.format(setup=setup, end=end))
        assert (done.returncode, done.stderr) == (code, "")


SUBINTERPRETER = """
import importlib, sys
{main}
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
done = interpreters.run_string(interpreters.create({kind}), '''
try:
    import pykcov.probe
except ImportError as error:
    print("refused:", error, flush=True)
''')
if done is not None:
    print(done)
"""


@pytest.mark.slow
@pytest.mark.parametrize("imported", [False, True], ids=["first", "after the main interpreter"])
@pytest.mark.parametrize("kind", ["isolated", "legacy"])
def test_sub_interpreters_are_refused(kind: str, imported: bool) -> None:
    new = sys.version_info >= (3, 13)
    program = SUBINTERPRETER.format(
        main="import pykcov" if imported else "",
        kind=repr(kind) if new else f"isolated={kind == 'isolated'}",
    )
    done = python("-c", program)
    assert done.stdout.startswith("refused:"), done
    assert "pykcov" in done.stdout
    assert "interpreter" in done.stdout
    assert done.returncode == 0


def test_import_again() -> None:
    name = "pykcov.probe._core"
    before = sys.modules.pop(name)
    try:
        again: Any = importlib.import_module(name)
    finally:
        sys.modules[name] = before
    assert again is not before
    assert again.Probe is probe.Probe
    assert again.Recorder is probe.Recorder
    made = Recording()
    again.attach(made.recorder)
    hit(A)
    with again.quiet, probe.quiet:
        hit(A)
    probe.detach()
    assert made.pcs == [A.pc]


def test_what_the_module_declares() -> None:
    slots = module_slots(_core)
    interpreters, gil = (86, 87) if sys.version_info >= (3, 15) else (3, 4)
    if sys.version_info >= (3, 12):
        assert slots[interpreters] is None  # Py_mod_multiple_interpreters: not supported
    assert gil not in slots  # Py_mod_gil: not declared, so the GIL is switched on


def test_no_guard_can_be_made_or_found() -> None:
    guard = getattr(_core, "Guard")  # noqa: B009
    with pytest.raises(TypeError):
        guard()
