"""Saved and restored: descriptors with their areas, tasks with the kcov that they own."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.unit.cores import A, B, C, hit

import pykcov
from pykcov import refs
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE
from pykcov.device.descriptor import Descriptor
from pykcov.device.task import Task, ThreadTask

RECORDING_MODES = pytest.mark.parametrize("recording_mode", ["trace", "blocks"])


@pytest.fixture(autouse=True, scope="module")
def _something_is_instrumented() -> Iterator[None]:
    with pykcov.instrument(source="tests.unit.no_such_module"):
        yield


def copied(*saved: object) -> tuple[object, ...]:
    """Restore what is saved together."""
    restored: tuple[object, ...] = pickle.loads(pickle.dumps(saved))
    return restored


def copy_of(descriptor: Descriptor) -> Descriptor:
    (restored,) = copied(descriptor)
    assert isinstance(restored, Descriptor)
    return restored


def live() -> list[str]:
    return sorted(item.ref_type() for item in refs.live())


def inited(recording_mode: str = "trace", size: int = 512) -> Descriptor:
    descriptor = pykcov.open(recording_mode)
    descriptor.ioctl(KCOV_INIT_TRACE, size)
    return descriptor


def pcs(descriptor: Descriptor) -> list[int]:
    with descriptor.mmap(4096) as area, memoryview(area) as raw, raw.cast("Q") as words:
        return words[1 : 1 + words[0]].tolist()


class TestDescriptor:
    def test_not_inited(self) -> None:
        with pykcov.open() as first, copy_of(first) as second:
            second.ioctl(KCOV_INIT_TRACE, 512)
            first.ioctl(KCOV_INIT_TRACE, 1024)
            with first.mmap(8192), second.mmap(4096):
                pass

    def test_inited(self) -> None:
        with inited() as first:
            first.ioctl(KCOV_ENABLE)
            hit(A, B)
            first.ioctl(KCOV_DISABLE)
            with copy_of(first) as second:
                with pytest.raises(OSError, match="busy"):
                    second.ioctl(KCOV_INIT_TRACE, 512)
                with pytest.raises(OSError, match="Invalid"):
                    second.mmap(8192)
                second.ioctl(KCOV_ENABLE)
                hit(C)
                second.ioctl(KCOV_DISABLE)
                assert pcs(second) == [A.pc, B.pc, C.pc]
            assert pcs(first) == [A.pc, B.pc]

    def test_every_word(self) -> None:
        with inited(size=3 * 131072 + 512) as first, first.mmap(3 * (1 << 20) + 4096) as area:
            stored = {0: b"\xff", (1 << 20) - 1: b"a", 1 << 20: b"b", 3 * (1 << 20) + 4095: b"c"}
            for at, byte in stored.items():
                area[at : at + 1] = byte
            with copy_of(first) as second, second.mmap(len(area)) as restored:
                assert restored[:] == area[:]

    def test_large_area_costs_what_was_touched(self) -> None:
        with inited(size=1 << 24) as first:
            first.ioctl(KCOV_ENABLE)
            hit(A)
            first.ioctl(KCOV_DISABLE)
            saved = pickle.dumps(first)
            assert len(saved) < 1 << 14
            with pickle.loads(saved) as second, second.mmap(8 << 24) as area:
                assert area[0] == 1

    def test_closed(self) -> None:
        with inited() as first:
            pass
        restored = copy_of(first)
        assert restored.closed
        with pytest.raises(OSError, match="Bad file"):
            restored.ioctl(KCOV_ENABLE)

    def test_dropped(self) -> None:
        with inited(size=2) as first:
            first.ioctl(KCOV_ENABLE)
            hit(A, B)
            first.ioctl(KCOV_DISABLE)
            with copy_of(first) as second:
                assert second.dropped

    def test_live_map(self) -> None:
        before = live()
        with inited() as first:
            assert live() == sorted([*before, "Kcov"])
            second = copy_of(first)
            assert live() == sorted([*before, "Kcov", "Kcov"])
        second.close()
        assert live() == before


def test_two_descriptors_saved_together_stay_two() -> None:
    with inited() as one, inited(size=1024) as two:
        first, second = copied(one, two)
        assert isinstance(first, Descriptor)
        assert isinstance(second, Descriptor)
        with first, second, first.mmap(4096), second.mmap(8192):
            pass


@RECORDING_MODES
def test_thread_with_the_kcov_that_it_owns(recording_mode: str) -> None:
    before = live()
    with inited(recording_mode) as first:
        first.ioctl(KCOV_ENABLE)
        hit(A)
        second, task = copied(first, ThreadTask.current())
        assert isinstance(second, Descriptor)
        assert isinstance(task, ThreadTask)
        assert pcs(second) == [A.pc]  # saving is a return: what was pending is there
        with pytest.raises(OSError, match="Invalid"):
            second.ioctl(KCOV_ENABLE)  # it is, by the task that was restored
        with pytest.raises(RuntimeError, match="already"):
            task.resume()
        first.ioctl(KCOV_DISABLE)
        task.resume()
        assert ThreadTask.current() is task
        hit(A, B)
        second.ioctl(KCOV_DISABLE)
        assert pcs(second) == [A.pc, A.pc, B.pc]
        second.close()
    assert live() == before


@RECORDING_MODES
def test_restored_and_never_resumed(recording_mode: str) -> None:
    before = live()
    with inited(recording_mode) as first:
        first.ioctl(KCOV_ENABLE)
        second, task = copied(first, ThreadTask.current())
        assert isinstance(second, Descriptor)
        assert isinstance(task, ThreadTask)
        first.ioctl(KCOV_DISABLE)
        second.ioctl(KCOV_DISABLE, task=task)
        second.ioctl(KCOV_ENABLE)
        hit(B)
        second.ioctl(KCOV_DISABLE)
        assert pcs(second) == [B.pc]
        second.close()
    assert live() == before


def test_owner_of_a_closed_descriptor() -> None:
    before = live()
    first = inited()
    first.ioctl(KCOV_ENABLE)
    first.close()
    (task,) = copied(ThreadTask.current())
    assert isinstance(task, ThreadTask)
    ThreadTask.current().exit()
    assert live() == sorted([*before, "Kcov"])
    task.resume()
    task.exit()
    assert live() == before


@RECORDING_MODES
def test_task_of_a_kernel(recording_mode: str) -> None:
    with inited(recording_mode) as first:
        task = Task()
        first.ioctl(KCOV_ENABLE, task=task)
        for times in range(1, 4):  # saved, restored and saved again
            second, again = copied(first, task)
            assert isinstance(second, Descriptor)
            assert isinstance(again, Task)
            with contextlib.closing(first):
                task.exit()
            first, task = second, again
            task.run_work()
            task.resume()
            task.enter()
            hit(C)
            task.leave()
            hit(B)
            assert pcs(first) == [C.pc] * times
            assert len(task.work) == (recording_mode == "blocks")
        task.exit()
        first.close()


ELSEWHERE = """
import pickle, sys
import pykcov
from pykcov import refs
from pykcov.abi.kcov import KCOV_DISABLE
from tests.unit.cores import A, B, hit

refs.set_checked(True)
descriptor, task = pickle.load(sys.stdin.buffer)
hit(A)
task.resume()
hit(B)
descriptor.ioctl(KCOV_DISABLE)
hit(A)
with descriptor.mmap(4096) as area:
    print(memoryview(area).cast("Q")[:4].tolist())
descriptor.close()
refs.leak_check()
"""


@pytest.mark.slow
@RECORDING_MODES
def test_in_another_process(recording_mode: str) -> None:
    with inited(recording_mode) as descriptor:
        descriptor.ioctl(KCOV_ENABLE)
        hit(C)
        saved = pickle.dumps((descriptor, ThreadTask.current()))
        descriptor.ioctl(KCOV_DISABLE)
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], input=saved, stdout=subprocess.PIPE, check=True
    )
    assert done.stdout.decode() == f"[2, {C.pc}, {B.pc}, 0]\n"
