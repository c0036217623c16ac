"""The collector and signal handlers: what they run is not the interrupted task's."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from tests.live import subject
from tests.unit.cores import A, B, hit

import pykcov

INCLUDE = "**/tests/live/subject.py"


@pytest.fixture(autouse=True, scope="module")
def _instrumented() -> Iterator[None]:
    with pykcov.instrument(include=INCLUDE):
        yield


@pytest.fixture(autouse=True)
def _handlers_and_callbacks_stay() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    callbacks = list(gc.callbacks)
    yield
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)
    assert gc.callbacks == callbacks


def traced(call: Callable[[], object]) -> list[int]:
    with pykcov.trace() as trace:
        call()
    return trace.pcs.tolist()


def collect() -> None:
    gc.collect()


class Counting:
    """A callback of the collector that executes a block at each of its phases."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        self.phases.append(phase)
        hit(A)


class TestCollector:
    @pytest.mark.parametrize("at", [1, 1000], ids=["among ours", "behind ours"])
    def test_callbacks_that_programs_add(self, at: int) -> None:
        callback = Counting()
        gc.callbacks.insert(at, callback)
        try:
            for times in range(1, 4):
                assert traced(collect) == []
                assert callback.phases == ["start", "stop"] * times
        finally:
            gc.callbacks.remove(callback)

    def test_callback_put_before_ours(self) -> None:
        """Its first start is seen by nobody before it; from then on we are before it again."""
        callback = Counting()
        gc.callbacks.insert(0, callback)
        try:
            gc.collect()
            assert traced(collect) == []
            assert callback.phases == ["start", "stop"] * 2
        finally:
            gc.callbacks.remove(callback)

    def test_no_callback_is_skipped(self) -> None:
        """Though ours move about in the list while the collector walks it."""
        many = [Counting() for _ in range(5)]
        before = list(gc.callbacks)
        try:
            for callback in many[:3]:
                gc.callbacks.append(callback)
            for callback in many[3:]:
                gc.callbacks.insert(0, callback)
            for _ in range(3):
                gc.collect()
            assert [callback.phases for callback in many] == [["start", "stop"] * 3] * 5
        finally:
            for callback in many:
                gc.callbacks.remove(callback)
        assert gc.callbacks == before

    def test_weakref_callbacks(self) -> None:
        class Node:
            itself: Node

        called: list[int] = []

        def gone(_: object) -> None:
            called.append(subject.work(3))

        node = Node()
        node.itself = node
        watcher = weakref.ref(node, gone)
        del node
        assert traced(collect) == []
        assert watcher() is None
        assert len(called) == 1

    def test_automatic_collections(self) -> None:
        """Wherever the collector comes in, the trace is the same."""

        def churn() -> None:
            for n in range(300):
                subject.work(n)
                subject.make_garbage(1)

        gc.disable()
        try:
            expected = traced(churn)
        finally:
            gc.enable()
        thresholds = gc.get_threshold()
        try:
            gc.set_threshold(7, 2, 2)
            assert traced(churn) == expected
        finally:
            gc.set_threshold(*thresholds)

    def test_in_a_section(self) -> None:
        async def main() -> list[int]:
            with pykcov.trace() as trace:
                await asyncio.sleep(0)
                subject.collects(4)
            return trace.pcs.tolist()

        expected = asyncio.run(main())
        subject.make_garbage(50)
        assert asyncio.run(main()) == expected

    def test_on_another_thread(self) -> None:
        """A collection pauses the thread that it runs on, and no other."""
        inside, done = threading.Event(), threading.Event()

        class Slow:
            def __init__(self) -> None:
                self.itself = self

            def __del__(self) -> None:
                inside.set()
                done.wait()

        def collector() -> None:
            Slow()
            gc.collect()

        gc.disable()
        thread = threading.Thread(target=collector)
        try:
            thread.start()
            inside.wait()
            with pykcov.trace() as trace:
                hit(A, B)
        finally:
            done.set()
            thread.join()
            gc.enable()
        assert trace.pcs.tolist() == [A.pc, B.pc]

    def test_plain_drop_is_the_tasks(self) -> None:
        assert len(traced(lambda: subject.Loud())) > len(traced(lambda: object()))


class TestSignals:
    def raised(self) -> list[int]:
        def call() -> None:
            hit(A)
            signal.raise_signal(signal.SIGUSR1)
            hit(B)

        return traced(call)

    def test_handler_leaves_no_record(self) -> None:
        got: list[tuple[int, Any]] = []

        def handler(number: int, frame: Any) -> None:
            got.append((number, frame))
            subject.work(3)

        signal.signal(signal.SIGUSR1, handler)
        assert self.raised() == [A.pc, B.pc]
        assert [number for number, _ in got] == [signal.SIGUSR1]
        assert got[0][1] is not None

    def test_program_sees_its_own_handler(self) -> None:
        def handler(*_: object) -> None: ...

        class Callable_:  # noqa: N801
            def __call__(self, *_: object) -> None: ...

        assert signal.signal(signal.SIGUSR1, handler) == signal.SIG_DFL
        for other in (Callable_(), signal.SIG_IGN, handler, signal.SIG_DFL, handler):
            assert signal.signal(signal.SIGUSR1, other) is not None
            assert signal.getsignal(signal.SIGUSR1) is other
        assert signal.signal(signal.SIGUSR1, signal.SIG_DFL) is handler

    def test_default_handler_of_interrupts_stays(self) -> None:
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(KeyboardInterrupt), pykcov.trace() as trace:
            hit(A)
            signal.raise_signal(signal.SIGINT)
        with pykcov.trace() as after:
            hit(B)
        assert (trace.pcs.tolist(), after.pcs.tolist()) == ([A.pc], [B.pc])

    def test_handler_that_raises(self) -> None:
        def handler(*_: object) -> None:
            subject.work(3)
            raise ZeroDivisionError

        signal.signal(signal.SIGUSR1, handler)
        with pytest.raises(ZeroDivisionError), pykcov.trace() as trace:
            hit(A)
            signal.raise_signal(signal.SIGUSR1)
        assert trace.pcs.tolist() == [A.pc]
        assert self.raised_without_handler() == [A.pc, B.pc]

    def raised_without_handler(self) -> list[int]:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        return self.raised()

    def test_handler_within_a_handler(self) -> None:
        def inner(*_: object) -> None:
            subject.work(5)

        def outer(*_: object) -> None:
            subject.work(3)
            signal.raise_signal(signal.SIGUSR2)
            subject.work(3)

        signal.signal(signal.SIGUSR2, inner)
        signal.signal(signal.SIGUSR1, outer)
        assert self.raised() == [A.pc, B.pc]

    def test_wrong_calls_fail_as_they_did(self) -> None:
        for args in ((), (signal.SIGUSR1,), (1, 2, 3)):
            with pytest.raises(TypeError):
                signal.signal(*args)
        with pytest.raises(TypeError, match="SIG_IGN"):
            signal.signal(signal.SIGUSR1, "handler")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="out of range"):
            signal.signal(9999, signal.SIG_IGN)
        with pytest.raises(OSError, match="Invalid"):
            signal.signal(signal.SIGKILL, signal.SIG_IGN)

    def test_asyncios_handlers(self) -> None:
        async def main() -> list[int]:
            handled = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, handled.set)
            with pykcov.trace() as trace:
                hit(A)
                os.kill(os.getpid(), signal.SIGUSR1)
                await handled.wait()
                hit(B)
            loop.remove_signal_handler(signal.SIGUSR1)
            return trace.pcs.tolist()

        assert asyncio.run(main()) == [A.pc, B.pc]


def flags_of(number: int) -> int:
    from pykcov.probe._core import signal_flags

    return signal_flags(number, -1)


class TestHandlersThatWereThere:
    """Wrapped when the first thing is instrumented, and unwrapped when the last is not any more."""

    @pytest.fixture(autouse=True)
    def _nothing_is_instrumented(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        from pykcov.probe import interrupts

        interrupts.uninstall()
        yield
        interrupts.install()

    @pytest.mark.parametrize("interrupts_calls", [True, False])
    def test_are_wrapped_and_stay_what_they_are(self, interrupts_calls: bool) -> None:
        from pykcov.probe import interrupts

        def handler(*_: object) -> None:
            subject.work(3)

        signal.signal(signal.SIGUSR1, handler)
        signal.siginterrupt(signal.SIGUSR1, interrupts_calls)
        before = flags_of(signal.SIGUSR1)
        interrupts.install()
        assert signal.getsignal(signal.SIGUSR1) is handler
        assert flags_of(signal.SIGUSR1) == before
        assert TestSignals().raised() == [A.pc, B.pc]
        interrupts.uninstall()
        assert signal.getsignal(signal.SIGUSR1) is handler
        assert flags_of(signal.SIGUSR1) == before
        assert len(TestSignals().raised()) > 2


def test_gevents_signal_handlers() -> None:
    """They run in greenlets of their own."""
    got: list[int] = []

    def run() -> list[int]:
        watcher = gevent.signal_handler(signal.SIGUSR1, lambda: got.append(subject.work(3)))
        with pykcov.trace() as trace:
            hit(A)
            os.kill(os.getpid(), signal.SIGUSR1)
            while not got:
                gevent.sleep(0.001)
            hit(B)
        watcher.cancel()
        return trace.pcs.tolist()

    assert gevent.spawn(run).get() == [A.pc, B.pc]
