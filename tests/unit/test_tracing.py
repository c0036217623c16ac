"""trace() and the descriptor behind it, at their edges."""

from __future__ import annotations

import errno
import gc
import mmap
import os
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.cores import A, B, C, Recording, attached, hit, in_thread, section

import pykcov
from pykcov import probe
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE, SIZE_MAX
from pykcov.device.descriptor import Descriptor
from pykcov.device.task import Task, ThreadTask


@pytest.fixture(autouse=True, scope="module")
def _something_is_instrumented() -> Iterator[None]:
    with pykcov.instrument(source="tests.unit.no_such_module"):
        yield


class Interrupted(KeyboardInterrupt):
    """What a signal handler raises."""


def interrupt_after(request: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Descriptor.ioctl

    def ioctl(self: Descriptor, asked: int, arg: int = 0, *, task: Task | None = None) -> int:
        result = plain(self, asked, arg, task=task)
        if asked == request:
            raise Interrupted
        return result

    monkeypatch.setattr(Descriptor, "ioctl", ioctl)


@pytest.fixture
def on_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a trace be the OS thread's; other tests have imported gevent, which changes that."""
    monkeypatch.setattr("pykcov.tracing._in_greenlet", lambda: False)


class TestTrace:
    """Of a thread, or of a context."""

    @pytest.fixture(autouse=True, params=[False, True], ids=["thread", "context"])
    def _of(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pykcov.tracing._in_greenlet", lambda: request.param)

    def test_records_and_reads(self) -> None:
        trace = pykcov.trace()
        assert trace.pcs.tolist() == []
        with trace as same:
            assert same is trace
            hit(A, B)
            assert trace.pcs.tolist() == [A.pc, B.pc]
            trace.clear()
            hit(C)
            assert not trace.overflowed
        hit(A)
        assert trace.pcs.tolist() == [C.pc]

    def test_says_what_it_is(self) -> None:
        trace = pykcov.trace(512)
        assert repr(trace) == "<pykcov.trace not recording records=0>"
        with trace:
            hit(A, B)
            assert repr(trace) == "<pykcov.trace recording records=2>"
            hit(*[A] * 600)
        assert repr(trace) == "<pykcov.trace not recording records=511 overflowed>"

    @pytest.mark.parametrize("size", ["x", None, 1.5, b"1"])
    def test_a_size_is_an_integer(self, size: Any) -> None:
        with pytest.raises(TypeError, match=f"size must be a number of words, not {size!r}"):
            pykcov.trace(size)

    def test_again(self) -> None:
        trace = pykcov.trace()
        for one in (A, B):
            with trace:
                hit(one)
            assert trace.pcs.tolist() == [one.pc]

    def test_size_is_rounded_to_pages(self) -> None:
        for size, room in ((1, 511), (512, 511), (513, 1023)):
            with pykcov.trace(size) as trace:
                for _ in range(1024):
                    hit(A)
                assert trace.overflowed
            assert len(trace.pcs) == room
            assert trace.overflowed

    @pytest.mark.parametrize("size", [0, -1, -5000, SIZE_MAX + 1, 2**70])
    def test_size_that_cannot_be_had(self, size: int) -> None:
        with pytest.raises(OSError, match="Invalid"), pykcov.trace(size):
            pass
        with pykcov.trace():
            pass

    def test_within_another(self) -> None:
        with pykcov.trace() as trace:
            for _ in range(2):
                with pytest.raises(OSError, match="busy"), pykcov.trace():
                    pass
                with pytest.raises(OSError, match="busy"), trace:
                    pass
            hit(A)
        assert trace.pcs.tolist() == [A.pc]

    def test_where_the_thread_is_recorded(self) -> None:
        for recorded in (attached, section):
            with recorded(Recording()) as made:
                with pytest.raises(OSError, match="busy"), pykcov.trace():
                    pass
                hit(A)
            assert made.pcs == [A.pc]

    def test_left_without_entering(self) -> None:
        pykcov.trace().__exit__(None, None, None)

    def test_left_by_an_exception(self) -> None:
        with pytest.raises(ZeroDivisionError), pykcov.trace() as trace:
            hit(A)
            raise ZeroDivisionError
        hit(B)
        assert trace.pcs.tolist() == [A.pc]

    @pytest.mark.parametrize("request_", [KCOV_INIT_TRACE, KCOV_ENABLE])
    def test_interrupted_while_entering(
        self, request_: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            interrupt_after(request_, patched)
            with pytest.raises(Interrupted), pykcov.trace():
                pass
        assert (probe.attached(), probe.section()) == (None, None)
        with pykcov.trace() as trace:
            hit(A)
        assert trace.pcs.tolist() == [A.pc]

    def test_interrupted_while_leaving(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched:
            interrupt_after(KCOV_DISABLE, patched)
            with pytest.raises(Interrupted), pykcov.trace() as trace:
                hit(A)
        hit(B)
        assert (probe.attached(), probe.section()) == (None, None)
        assert trace.pcs.tolist() == [A.pc]


@pytest.mark.usefixtures("on_thread")
class TestTraceOfAThread:
    def test_left_on_another_thread(self) -> None:
        trace = pykcov.trace()
        trace.__enter__()

        def other() -> None:
            with pykcov.trace() as its:
                with pytest.raises(OSError, match="Invalid"):
                    trace.__exit__(None, None, None)
                hit(B)
            assert its.pcs.tolist() == [B.pc]

        in_thread(other)
        hit(A)
        assert trace.pcs.tolist() == [A.pc]
        ThreadTask.current().exit()

    def test_thread_ends_inside(self) -> None:
        trace = pykcov.trace()
        in_thread(trace.__enter__)
        hit(B)
        trace.__exit__(None, None, None)
        assert trace.pcs.tolist() == []


def test_nothing_is_instrumented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pykcov.device.descriptor.in_force", lambda: False)
    for opens in (pykcov.open, pykcov.trace().__enter__):
        with pytest.raises(FileNotFoundError) as caught:
            opens()
        assert caught.value.filename == "/sys/kernel/debug/kcov"


class TestDescriptor:
    def test_closed(self) -> None:
        descriptor = pykcov.open()
        assert not descriptor.closed
        descriptor.close()
        descriptor.close()
        assert descriptor.closed
        assert "closed" in repr(descriptor)
        for call in (
            lambda: descriptor.ioctl(KCOV_ENABLE),
            lambda: descriptor.ioctl(0),
            lambda: descriptor.mmap(4096),
            descriptor.fileno,
        ):
            with pytest.raises(OSError) as caught:  # noqa: PT011
                call()
            assert caught.value.errno == errno.EBADF

    def test_dropped_unclosed(self) -> None:
        descriptor = pykcov.open()
        fd = descriptor.fileno()
        with pytest.warns(ResourceWarning, match="unclosed"):
            del descriptor
            gc.collect()
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(fd)

    @pytest.mark.parametrize("enabled", [False, True])
    def test_closed_by_another_thread_meanwhile(self, enabled: bool) -> None:
        """The call has its own reference, as Linux's has."""

        class Closes(Task):
            def claim(self, shared: probe.Shared) -> None:
                descriptor.close()

        task = Closes()
        with pykcov.open() as descriptor:
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
            area = descriptor.mmap(4096)
            descriptor.ioctl(KCOV_ENABLE, task=task)
            if enabled:
                task.enter()
                hit(A)
                task.leave()
            assert area[0] == enabled
            task.exit()

    def test_area_is_sealed(self) -> None:
        with pykcov.open() as descriptor:
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
            for fd in (descriptor.fileno(), reopened := _reopen(descriptor.fileno())):
                for size in (0, 4095, 4097, 1 << 20):
                    with pytest.raises(PermissionError):
                        os.ftruncate(fd, size)
                with pytest.raises(PermissionError):
                    os.posix_fallocate(fd, 0, 1 << 20)
            os.close(reopened)

    def test_area_is_private_to_its_user(self) -> None:
        with pykcov.open() as descriptor:
            assert os.fstat(descriptor.fileno()).st_mode & 0o777 == 0o600
            assert not os.get_inheritable(descriptor.fileno())

    def test_client_made_a_hole_in_the_area(self) -> None:
        """Seals allow it. What was there reads as zeros, and nobody faults."""
        with pykcov.open() as descriptor:
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
            area = descriptor.mmap(4096)
            descriptor.ioctl(KCOV_ENABLE)
            hit(A)
            area.madvise(mmap.MADV_REMOVE)
            hit(B, C)
            descriptor.ioctl(KCOV_DISABLE)
            assert memoryview(area).cast("Q")[:4].tolist() == [2, B.pc, C.pc, 0]


def _reopen(fd: int) -> int:
    return os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
