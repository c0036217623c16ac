"""A forked child starts disabled, whoever forks."""

from __future__ import annotations

import contextvars
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import pytest
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread, section
from tests.unit.native_raw import fork_in_c

import pykcov
from pykcov import probe
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE
from pykcov.device.task import Task, ThreadTask
from pykcov.measure import counts


def os_fork() -> int:
    with warnings.catch_warnings():  # that the parent has threads
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


FORKS: dict[str, Callable[[], int]] = {
    "os.fork": os_fork,
    "C, with the GIL": lambda: fork_in_c(True),
    "C, without": lambda: fork_in_c(False),
}


@pytest.fixture(params=FORKS)
def fork(request: pytest.FixtureRequest) -> Iterator[Callable[[], int]]:
    """A way to fork. After one in C, a request for the GIL by a thread that other tests have left
    would stand in the child, too, and nobody there to answer it: so let none come up."""
    before = sys.getswitchinterval()
    if FORKS[request.param] is not os_fork:
        sys.setswitchinterval(1000)
        time.sleep(2 * before)
    yield FORKS[request.param]
    sys.setswitchinterval(before)


def child(fork: Callable[[], int], call: Callable[[], object]) -> None:
    """Run it in a forked child, and fail when it fails there."""
    reader, writer = os.pipe()
    pid = fork()
    if pid == 0:
        signal.alarm(60)  # of a hang, the child dies
        try:
            call()
            os.write(writer, b"done")
        except BaseException as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    assert said == b"done", said


def on_a_thread_or_not(fork: Callable[[], int], call: Callable[[], object]) -> None:
    """Call it on another thread, unless it forks in C: the child of one of two threads may wait for
    the other to take the GIL, which only PyOS_AfterFork_Child() mends."""
    if fork is os_fork:
        in_thread(call)
    else:
        call()


def expect(**values: tuple[object, object]) -> None:
    for name, (got, wanted) in values.items():
        if got != wanted:
            raise AssertionError(f"{name}: {got}, not {wanted}")


def test_generation(fork: Callable[[], int]) -> None:
    before = probe.generation()
    child(fork, lambda: expect(generation=(probe.generation(), before + 1)))
    assert probe.generation() == before


def test_own_recorder_is_the_parents(fork: Callable[[], int]) -> None:
    def work() -> None:
        hit(B)
        expect(attached=(probe.attached(), None), task=(probe.get_task(), None))
        with attached(Recording()) as its:
            hit(B, C)
        expect(its=(its.pcs, [B.pc, C.pc]), parents=(made.pcs, [A.pc]))

    with attached(Recording()) as made:
        hit(A)
        child(fork, work)
        hit(A)
    assert made.pcs == [A.pc, A.pc]


def test_section_is_the_parents(fork: Callable[[], int]) -> None:
    def work() -> None:
        hit(B)
        copy.run(hit, B)
        expect(section=(probe.section(), None))
        with pytest.raises(RuntimeError, match="another process"):
            probe.section_open(made.recorder)
        with section(Recording()) as its:
            hit(C)
            copy.run(hit, B)
        probe.section_close(made.recorder, token)
        expect(its=(its.pcs, [C.pc]), parents=(made.pcs, [A.pc]))

    made = Recording()
    token = probe.section_open(made.recorder)
    copy = contextvars.copy_context()
    hit(A)
    child(fork, work)
    copy.run(hit, A)
    probe.section_close(made.recorder, token)
    assert made.pcs == [A.pc, A.pc]


def test_fork_of_a_fork(fork: Callable[[], int]) -> None:
    def grandchild() -> None:
        hit(C)
        expect(attached=(probe.attached(), None), its=(its.pcs, [B.pc]))

    def work() -> None:
        with attached(its):
            hit(B)
            child(fork, grandchild)
            child(fork, lambda: child(fork, grandchild))

    its = Recording()
    with attached(Recording()) as made:
        child(fork, work)
        hit(A)
    assert made.pcs == [A.pc]


def test_fork_in_a_thread() -> None:
    made = Recording()

    def work() -> None:
        hit(B)
        expect(attached=(probe.attached(), None))
        in_thread(lambda: hit(B))

    def thread() -> None:
        with attached(made):
            hit(A)
            child(os_fork, work)

    with attached(Recording()) as main:
        in_thread(thread)
        hit(C)
    assert (made.pcs, main.pcs) == ([A.pc], [C.pc])


def test_parents_task_is_dropped_while_the_child_registers(fork: Callable[[], int]) -> None:
    """And its finalizer hits a block: the child looks up who it is while it is looking that up."""

    class Hits:
        def exit(self) -> None:
            hit(B)

        def __del__(self) -> None:
            hit(B)

    def work() -> None:
        hit(C)
        with attached(Recording()) as its:
            hit(C)
        expect(its=(its.pcs, [C.pc]))
        probe.set_task(task := Hits())
        expect(task=(probe.get_task(), task))

    def parent() -> None:
        before = probe.get_task()
        probe.set_task(Hits())
        hit(A)
        child(fork, work)
        probe.set_task(before)

    on_a_thread_or_not(fork, parent)


def test_everyone_is_inherited(fork: Callable[[], int]) -> None:
    def work() -> None:
        hit(A, B)
        expect(hits=(counters.hits(), [(A.pc, 2), (B.pc, 1)]))

    counters = probe.new_counters()
    probe.count_everyone(counters)
    try:
        hit(A)
        child(fork, work)
        assert counters.hits() == [(A.pc, 1)]
    finally:
        probe.count_everyone(None)


def test_quiet_is_inherited(fork: Callable[[], int]) -> None:
    def work() -> None:
        with attached(Recording()) as its:
            hit(A)
            probe.quiet.__exit__()
            hit(B)
        expect(its=(its.pcs, [B.pc]))

    with probe.quiet:
        child(fork, work)


@pytest.fixture(scope="module")
def something_is_instrumented() -> Iterator[None]:
    with pykcov.instrument(source="tests.unit.no_such_module"):
        yield


@pytest.mark.usefixtures("something_is_instrumented")
class TestDevice:
    @pytest.mark.parametrize("context", [False, True], ids=["thread", "context"])
    def test_trace_that_the_child_leaves(
        self, fork: Callable[[], int], context: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pykcov.tracing._in_greenlet", lambda: context)
        trace = pykcov.trace()

        def work() -> None:
            hit(B)
            trace.__exit__(None, None, None)
            with pykcov.trace() as its:
                hit(C)
            expect(its=(its.pcs.tolist(), [C.pc]), parents=(trace.pcs.tolist(), [A.pc]))

        with trace:
            hit(A)
            child(fork, work)
            hit(A)
            with pytest.raises(OSError, match="busy"), pykcov.trace():
                pass
        assert trace.pcs.tolist() == [A.pc, A.pc]

    def test_child_cannot_end_what_the_parent_enabled(self, fork: Callable[[], int]) -> None:
        with pykcov.open() as descriptor:
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
            descriptor.ioctl(KCOV_ENABLE)
            mine = ThreadTask.current()

            def work() -> None:
                for task in (None, mine):
                    with pytest.raises(OSError, match="Invalid"):
                        descriptor.ioctl(KCOV_DISABLE, task=task)
                    with pytest.raises(OSError, match="Invalid"):
                        descriptor.ioctl(KCOV_ENABLE, task=task)

            child(fork, work)
            descriptor.ioctl(KCOV_DISABLE)

    def test_parents_task_enters_the_childs_kernel(self, fork: Callable[[], int]) -> None:
        task = Task()
        with pykcov.open() as descriptor:
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
            descriptor.ioctl(KCOV_ENABLE, task=task)
            area = descriptor.mmap(4096)

            def work() -> None:
                task.enter()
                hit(B)
                task.leave()
                expect(kcov=(task.kcov, None), count=(area[0], 0))

            child(fork, work)
            task.exit()

    def test_references_that_the_child_has(self, fork: Callable[[], int]) -> None:
        descriptor = pykcov.open()
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        descriptor.ioctl(KCOV_ENABLE)
        fd = descriptor.fileno()

        def work() -> None:
            with pytest.raises(OSError, match="Invalid"):
                descriptor.ioctl(KCOV_ENABLE)
            descriptor.close()
            with pytest.raises(OSError, match="Bad file"):
                os.fstat(fd)

        child(fork, work)
        descriptor.ioctl(KCOV_DISABLE)
        descriptor.close()

    def test_consumer_in_another_thread(self) -> None:
        """It holds the lock at the fork, and is not in the child."""
        inside, done = threading.Event(), threading.Event()

        class Slow:
            def write(self, data: bytes) -> int:
                inside.set()
                done.wait()
                return len(data)

        counts.enable()
        hit(A)
        thread = threading.Thread(target=counts.consume, args=(Slow(),))
        thread.start()
        inside.wait()
        try:
            child(os_fork, counts.clear)
        finally:
            done.set()
            thread.join()
            counts.disable()
            counts.clear()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_preexec_fn_and_multiprocessing() -> None:
    import multiprocessing

    with attached(Recording()) as made:
        hit(A)
        subprocess.run([sys.executable, "-c", ""], check=True, preexec_fn=lambda: hit(B))
        process = multiprocessing.get_context("fork").Process(target=hit, args=(B,))
        process.start()
        process.join()
        hit(C)
    assert (made.pcs, process.exitcode) == ([A.pc, C.pc], 0)
