"""Tasks of a kernel: work, enter and leave, exit."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread

import pykcov
from pykcov import probe
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE
from pykcov.device.descriptor import Descriptor
from pykcov.device.task import Task, ThreadTask


@pytest.fixture(autouse=True, scope="module")
def _something_is_instrumented() -> Iterator[None]:
    with pykcov.instrument(source="tests.unit.no_such_module"):
        yield


@pytest.fixture
def task() -> Iterator[Task]:
    made = Task()
    yield made
    made.leave()
    made.exit()


@pytest.fixture
def descriptor() -> Iterator[Descriptor]:
    with pykcov.open() as made:
        made.ioctl(KCOV_INIT_TRACE, 512)
        yield made


def pcs(descriptor: Descriptor) -> list[int]:
    with descriptor.mmap(4096) as area, memoryview(area) as raw, raw.cast("Q") as words:
        return words[1 : 1 + words[0]].tolist()


class TestWork:
    def test_runs_once_in_order(self, task: Task) -> None:
        done: list[int] = []
        for n in range(3):
            task.register_work(lambda _, n=n: done.append(n))  # type: ignore[misc]
        assert done == []
        task.run_work()
        task.run_work()
        assert done == [0, 1, 2]

    def test_is_given_its_task(self, task: Task) -> None:
        given: list[Task] = []
        task.register_work(given.append)
        task.run_work()
        assert given == [task]

    def test_what_it_registers_is_for_the_next_time(self, task: Task) -> None:
        done: list[str] = []

        def work(of: Task) -> None:
            done.append("first")
            of.register_work(lambda _: done.append("second"))

        task.register_work(work)
        task.run_work()
        assert done == ["first"]
        task.run_work()
        task.run_work()
        assert done == ["first", "second"]

    def test_what_follows_one_that_raises_is_kept(self, task: Task) -> None:
        done: list[str] = []

        def fails(of: Task) -> None:
            of.register_work(lambda _: done.append("again"))
            raise KeyError

        task.register_work(fails)
        task.register_work(lambda _: done.append("behind"))
        with pytest.raises(KeyError):
            task.run_work()
        assert done == []
        task.run_work()
        assert done == ["behind", "again"]

    def test_leave_runs_it_and_exit_drops_it(self, task: Task) -> None:
        done: list[int] = []
        task.register_work(lambda _: done.append(1))
        task.enter()
        assert done == []
        task.leave()
        assert done == [1]
        task.register_work(lambda _: done.append(2))
        task.exit()
        task.run_work()
        assert done == [1]


class TestKernel:
    def test_is_recorded_between_enter_and_leave(self, task: Task, descriptor: Descriptor) -> None:
        descriptor.ioctl(KCOV_ENABLE, task=task)
        hit(A)
        task.enter()
        hit(B)
        task.leave()
        hit(A)
        task.enter()
        hit(C)
        task.leave()
        assert pcs(descriptor) == [B.pc, C.pc]

    def test_enable_and_disable_in_the_kernel(self, task: Task, descriptor: Descriptor) -> None:
        task.enter()
        hit(A)
        descriptor.ioctl(KCOV_ENABLE, task=task)
        hit(B)
        descriptor.ioctl(KCOV_DISABLE, task=task)
        hit(A)
        task.leave()
        assert pcs(descriptor) == [B.pc]
        assert probe.attached() is None

    def test_on_any_thread(self, task: Task, descriptor: Descriptor) -> None:
        descriptor.ioctl(KCOV_ENABLE, task=task)

        def call() -> None:
            task.enter()
            hit(A)
            task.leave()
            hit(B)

        for _ in range(3):
            in_thread(call)
        assert pcs(descriptor) == [A.pc] * 3

    def test_threads_end_is_not_the_tasks(self, task: Task, descriptor: Descriptor) -> None:
        in_thread(lambda: descriptor.ioctl(KCOV_ENABLE, task=task))
        task.enter()
        hit(A)
        task.leave()
        assert pcs(descriptor) == [A.pc]

    def test_one_kcov_each(self, task: Task, descriptor: Descriptor) -> None:
        other = Task()
        descriptor.ioctl(KCOV_ENABLE, task=task)
        for by, error in ((task, errno.EINVAL), (other, errno.EINVAL)):
            with pytest.raises(OSError) as caught:  # noqa: PT011
                descriptor.ioctl(KCOV_ENABLE, task=by)
            assert caught.value.errno == error
        with pykcov.open() as second:
            second.ioctl(KCOV_INIT_TRACE, 512)
            with pytest.raises(OSError, match="busy"):
                second.ioctl(KCOV_ENABLE, task=task)
            second.ioctl(KCOV_ENABLE, task=other)
        other.exit()

    def test_thread_and_its_kernels_task(self, task: Task, descriptor: Descriptor) -> None:
        """One is recorded at a time: the other is told so, and nothing changes."""
        with pykcov.open() as second:
            second.ioctl(KCOV_INIT_TRACE, 512)
            task.enter()
            descriptor.ioctl(KCOV_ENABLE, task=task)
            for _ in range(2):
                with pytest.raises(OSError, match="busy"):
                    second.ioctl(KCOV_ENABLE)
            with pytest.raises(OSError, match="busy"), pykcov.trace():
                pass
            hit(A)
            task.leave()
            second.ioctl(KCOV_ENABLE)
            with pytest.raises(RuntimeError, match="already"):
                task.enter()
            hit(B)
            task.leave()
            hit(B)
            assert (pcs(descriptor), pcs(second)) == ([A.pc], [B.pc, B.pc])
            second.ioctl(KCOV_DISABLE)

    def test_entering_twice(self, task: Task, descriptor: Descriptor) -> None:
        descriptor.ioctl(KCOV_ENABLE, task=task)
        task.enter()
        with pytest.raises(RuntimeError, match="already"):
            task.enter()
        hit(A)
        task.leave()
        task.leave()
        hit(B)
        assert pcs(descriptor) == [A.pc]

    def test_leaving_without_entering(self, task: Task, descriptor: Descriptor) -> None:
        descriptor.ioctl(KCOV_ENABLE, task=task)
        with attached(Recording()) as others:
            task.leave()
            hit(A)
        assert others.pcs == [A.pc]

    @pytest.mark.parametrize("inside", [False, True])
    def test_exit_disables(self, task: Task, descriptor: Descriptor, inside: bool) -> None:
        descriptor.ioctl(KCOV_ENABLE, task=task)
        if inside:
            task.enter()
        hit(A)
        task.exit()
        task.exit()
        hit(B)
        assert (task.kcov, probe.attached()) == (None, None)
        assert pcs(descriptor) == ([A.pc] if inside else [])
        descriptor.ioctl(KCOV_ENABLE)
        descriptor.ioctl(KCOV_DISABLE)

    def test_exit_after_close(self, task: Task, descriptor: Descriptor) -> None:
        descriptor.ioctl(KCOV_ENABLE, task=task)
        area = descriptor.mmap(4096)
        descriptor.close()
        task.enter()
        hit(A)
        task.leave()
        assert area[0] == 1
        task.exit()


class TestThreadTask:
    def test_current(self) -> None:
        mine = ThreadTask.current()
        assert ThreadTask.current() is mine
        others: list[ThreadTask] = []
        in_thread(lambda: others.append(ThreadTask.current()))
        assert others[0] is not mine
        assert probe.get_task() is mine

    def test_of_another_thread_cannot_be_acted_for(self, descriptor: Descriptor) -> None:
        descriptor.ioctl(KCOV_ENABLE)
        mine = ThreadTask.current()

        def other() -> None:
            with attached(Recording()) as its:
                for request in (KCOV_DISABLE, KCOV_ENABLE):
                    with pytest.raises(OSError, match="Invalid"):
                        descriptor.ioctl(request, task=mine)
                hit(B)
            assert its.pcs == [B.pc]

        in_thread(other)
        hit(A)
        descriptor.ioctl(KCOV_DISABLE)
        assert pcs(descriptor) == [A.pc]
