"""The recording mode "blocks": counters become records when the kernel returns to its caller."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator

import pytest
from tests.unit.cores import A, B, C, hit

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE
from pykcov.device.descriptor import Descriptor
from pykcov.device.task import Task


@pytest.fixture(autouse=True, scope="module")
def _something_is_instrumented() -> Iterator[None]:
    with pykcov.instrument(source="tests.unit.no_such_module"):
        yield


class Traced:
    """A task in a kernel that is recorded in blocks, and its area."""

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor, self.task = descriptor, Task()
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        self.area = descriptor.mmap(4096)
        self.words = memoryview(self.area).cast("Q")
        self.enable()

    def enable(self) -> None:
        self.descriptor.ioctl(KCOV_ENABLE, task=self.task)

    def disable(self) -> None:
        self.descriptor.ioctl(KCOV_DISABLE, task=self.task)

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """A system call."""
        self.task.enter()
        yield
        self.task.leave()

    @property
    def pcs(self) -> list[int]:
        return self.words[1 : 1 + self.words[0]].tolist()

    def take(self) -> list[int]:
        taken, self.words[0] = self.pcs, 0
        return taken


@pytest.fixture
def traced() -> Iterator[Traced]:
    with pykcov.open("blocks") as descriptor:
        made = Traced(descriptor)
        yield made
        made.task.exit()


def test_consumed_at_the_return(traced: Traced) -> None:
    with traced.call():
        hit(B, A, B)
        assert traced.pcs == []
    assert traced.take() == [B.pc, A.pc]
    with traced.call():
        hit(A, C, A)
    assert traced.take() == [A.pc, C.pc]
    with traced.call():
        pass
    assert traced.words.tolist()[0] == 0


def test_appended_where_the_client_did_not_take(traced: Traced) -> None:
    for one in (A, B, A):
        with traced.call():
            hit(one)
    assert traced.pcs == [A.pc, B.pc, A.pc]


def test_what_did_not_fit_stays(traced: Traced) -> None:
    traced.words[0] = 510
    with traced.call():
        hit(C, A, B)
    assert (traced.words[0], traced.words[511]) == (511, C.pc)
    assert not traced.descriptor.dropped
    with traced.call():
        hit(C)
    traced.words[0] = 0
    with traced.call():
        pass
    assert traced.pcs == [A.pc, B.pc, C.pc]


def test_an_empty_consume_writes_nothing(traced: Traced) -> None:
    for count in (7, 511, 2**64 - 1):
        traced.words[0] = count
        with traced.call():
            pass
        assert traced.words.tolist() == [count] + [0] * 511


def test_every_ioctl_is_a_return(traced: Traced) -> None:
    traced.task.enter()
    hit(A)
    with pykcov.open() as other:
        other.ioctl(KCOV_INIT_TRACE, 512, task=traced.task)
    assert traced.pcs == [A.pc]
    traced.task.leave()


def test_enable_clears(traced: Traced) -> None:
    traced.words[0] = 511
    with traced.call():
        hit(A, B)
    traced.disable()
    assert traced.descriptor.dropped
    traced.words[0] = 0
    traced.enable()
    with traced.call():
        pass
    assert traced.pcs == []
    with traced.call():
        hit(A)
    assert traced.pcs == [A.pc]
    assert not traced.descriptor.dropped


def test_disable_consumes(traced: Traced) -> None:
    traced.task.enter()
    hit(B)
    traced.disable()
    hit(C)
    traced.task.leave()
    assert traced.pcs == [B.pc]


def test_enabled_again_it_consumes_once(traced: Traced) -> None:
    for _ in range(5):
        traced.disable()
        traced.enable()
    with traced.call():
        hit(A)
    assert traced.pcs == [A.pc]
    assert len(traced.task.work) == 1


def test_exit_consumes(traced: Traced) -> None:
    traced.task.enter()
    hit(A)
    traced.task.exit()
    assert traced.pcs == [A.pc]


def test_tasks_do_not_see_each_other(traced: Traced) -> None:
    with pykcov.open("blocks") as descriptor:
        other = Traced(descriptor)
        with traced.call():
            hit(A)
        with other.call():
            hit(A, B)
        with traced.call():
            hit(B)
        assert (traced.pcs, other.pcs) == ([A.pc, B.pc], [A.pc, B.pc])
        other.task.exit()


def test_trace() -> None:
    with pykcov.trace(recording_mode="blocks") as trace:
        hit(C, A, C, C)
        assert trace.pcs.tolist() == []
    assert trace.pcs.tolist() == [C.pc, A.pc]
    assert not trace.overflowed


def test_trace_that_overflows() -> None:
    probes = [pykcov.probe.Probe(n) for n in range(1, 600)]
    with pykcov.trace(mmap.PAGESIZE // 8, recording_mode="blocks") as trace:
        hit(*probes)
    assert trace.pcs.tolist() == [p.pc for p in probes[:511]]
    assert trace.overflowed


def test_unknown_recording_mode() -> None:
    with pytest.raises(ValueError, match="recording_mode"):
        pykcov.open("lines")
