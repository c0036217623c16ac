"""An exception at any instant leaves a thread that can trace, and nothing that records on."""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.unit.cores import A, B, hit

import pykcov
from pykcov import probe, refs
from pykcov.abi.kcov import (
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_REMOTE_ENABLE,
    KCOV_RESET_TRACE,
    KCOV_TRACE_PC,
    KCOV_UNIQUE_ENABLE,
    WORD,
)
from pykcov.device.descriptor import Descriptor
from pykcov.device.remote_arg import RemoteArg
from pykcov.request_marks import handle_of

OWN = str(Path(pykcov.__file__).parent)
SIZE = 512
HANDLE = handle_of(77)


class Interrupted(BaseException):
    """What comes in between."""


@pytest.fixture(autouse=True, scope="module")
def _something_is_instrumented() -> Iterator[None]:
    with pykcov.instrument(source="tests.unit.no_such_module"):
        yield


@pytest.fixture(autouse=True, params=["thread", "context"])
def _of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pykcov.tracing._in_greenlet", lambda: request.param == "context")


class Injector:
    """Raises at the n-th line that pykcov executes, and `more` of those that follow."""

    def __init__(self, at: int, more: int = 0) -> None:
        self.at, self.last, self.lines = at, at + more, 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(OWN):
            return None
        if event == "line":
            self.lines += 1
            if self.at <= self.lines <= self.last:
                raise Interrupted(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        return self

    def _again(self, frame: FrameType | None, *_: object) -> None:
        """Python has taken away a trace function that raised: put it back."""
        if sys.gettrace() is None and self.lines < self.last:
            while frame is not None:
                frame.f_trace = self
                frame = frame.f_back
            sys.settrace(self)

    def __enter__(self) -> Injector:
        sys.setprofile(self._again if self.last > self.at else None)
        sys.settrace(self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        sys.settrace(None)


def is_clean(before: list[object]) -> None:
    """Nothing goes on, nothing is left, and what this thread traces now is right."""
    assert probe.attached() is None
    assert probe.section() is None
    gc.collect()
    assert refs.live() == before
    with pykcov.trace(SIZE) as trace:
        hit(A, B)
    assert trace.pcs.tolist() == [A.pc, B.pc]
    kcov = pykcov.open()
    kcov.ioctl(KCOV_INIT_TRACE, SIZE)
    with kcov.mmap(SIZE * WORD) as area:
        kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_PC)
        hit(B)
        kcov.ioctl(KCOV_DISABLE)
        assert int.from_bytes(area[:8], "little") == 1
    kcov.close()
    assert refs.live() == before


def until_done(call: Callable[..., object], *args: int) -> None:
    """What was interrupted is done again, as documented; or it has been done, which is EINVAL."""
    while True:
        try:
            call(*args)
            return
        except (Interrupted, MemoryError):
            pass
        except OSError:
            return


opened: list[Descriptor] = []


def finish() -> None:
    """Disable and close what by_device() has opened, stop what by_remote_start() has begun. It is
    done once more from outside, for these may be interrupted before they come to it."""
    for kcov in opened:
        until_done(kcov.ioctl, KCOV_DISABLE)  # no lambda: CPython 3.13.0 crashes without memory
        until_done(kcov.close)
    opened.clear()
    pykcov.remote_stop()


def by_trace(recording_mode: str) -> None:
    with pykcov.trace(SIZE, recording_mode=recording_mode) as trace:
        hit(A)
    assert trace.pcs.tolist() == [A.pc]


def by_device(request: int, arg: int | bytes) -> None:
    opened.append(kcov := pykcov.open())
    try:
        kcov.ioctl(KCOV_INIT_TRACE, SIZE)
        kcov.mmap(SIZE * WORD)
        kcov.ioctl(request, arg)
        hit(A)
        kcov.ioctl(KCOV_RESET_TRACE)
    finally:
        finish()


def by_remote() -> None:
    with pykcov.remote(HANDLE):
        hit(A)


def by_remote_start() -> None:
    try:
        pykcov.remote_start(HANDLE)
        hit(A)
    finally:
        until_done(pykcov.remote_stop)


def by_async_remote() -> None:
    async def main() -> None:
        async with pykcov.remote(HANDLE):
            hit(A)

    with contextlib.suppress(StopIteration):
        main().send(None)


REMOTE = RemoteArg(KCOV_TRACE_PC, SIZE, 0, (HANDLE,)).encode()
USES: dict[str, Callable[[], None]] = {
    "trace": lambda: by_trace("trace"),
    "blocks": lambda: by_trace("blocks"),
    "ENABLE": lambda: by_device(KCOV_ENABLE, KCOV_TRACE_PC),
    "UNIQUE_ENABLE": lambda: by_device(KCOV_UNIQUE_ENABLE, 4),
    "REMOTE_ENABLE": lambda: by_device(KCOV_REMOTE_ENABLE, REMOTE),
    "remote": by_remote,
    "remote_start": by_remote_start,
    "async remote": by_async_remote,
}


@contextlib.contextmanager
def collected() -> Iterator[None]:
    """Another thread collects the handle: this one can't both ask and mark."""
    ready, over = threading.Event(), threading.Event()

    def collector() -> None:
        kcov = pykcov.open()
        kcov.ioctl(KCOV_INIT_TRACE, SIZE)
        kcov.ioctl(KCOV_REMOTE_ENABLE, REMOTE)
        ready.set()
        over.wait()
        kcov.ioctl(KCOV_DISABLE)
        kcov.close()

    thread = threading.Thread(target=collector)
    thread.start()
    ready.wait()
    yield
    over.set()
    thread.join()


@pytest.fixture(params=list(USES))
def use(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    with collected() if "remote" in request.param else contextlib.nullcontext():
        USES[request.param]()  # what is imported or made once is
        gc.collect()
        gc.freeze()  # each case collects, and only what it has made
        yield USES[request.param]
        gc.unfreeze()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in __del__
@pytest.mark.parametrize("more", [0, 2])
def test_at_every_line(use: Callable[[], None], more: int) -> None:
    before: list[object] = list(refs.live())
    plain = Injector(at=0)
    with plain:
        use()
    assert plain.lines > 20
    hits = 0
    for n in range(1, plain.lines + 1):
        try:
            with Injector(n, more):
                use()
        except Interrupted:
            hits += 1
        is_clean(before)
    assert hits > plain.lines // 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("length", [1, 3])
def test_when_memory_is_out(
    use: Callable[[], None], length: int, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    if "remote" in name.lower() or ("context" in name and "ENABLE" not in name):
        pytest.skip("CPython itself crashes where ContextVar.set() finds no memory")
    testcapi = pytest.importorskip("_testcapi", reason="this Python has no _testcapi")
    before: list[object] = list(refs.live())
    failed = quiet = n = 0
    while quiet < 50 and n < 2000:  # runs, one after the other, that needed no more memory
        try:
            testcapi.set_nomemory(n, n + length)
            try:
                use()
            finally:
                testcapi.remove_mem_hooks()
            quiet += 1
        # What the memory was wanted for tells how that fails; a trace may lack its records.
        except (MemoryError, OSError, SystemError, RuntimeError, TypeError, AssertionError):
            failed, quiet = failed + 1, 0
        finish()
        is_clean(before)
        n += 1
    assert failed > 5


@pytest.mark.parametrize("microseconds", [37, 151, 400])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_in_a_storm_of_signals(
    use: Callable[[], None], microseconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handlers that raise, at real signals."""
    monkeypatch.setattr("sys.unraisablehook", lambda _: None)  # pytest's would be interrupted, too
    before: list[object] = list(refs.live())
    raised = 0

    def body() -> None:
        while not raised:  # as often as it takes
            use()
        for _ in range(3):
            use()

    def handler(_: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code is handler.__code__:
            return  # on a slow machine they would pile up
        while frame is not None:  # nowhere but in body(), or the test itself would be interrupted
            if frame.f_code is body.__code__:
                raise Interrupted
            frame = frame.f_back

    old = signal.signal(signal.SIGALRM, handler)
    try:
        for _ in range(200):
            signal.setitimer(signal.ITIMER_REAL, microseconds / 1e6, microseconds / 1e6)
            try:
                body()
            except Interrupted:
                raised += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            finish()
            is_clean(before)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert raised


def test_handlers_are_put_off_and_not_lost() -> None:
    """One that comes while pykcov is at work runs right behind it."""
    got: list[bool] = []

    def work() -> None:
        signal.raise_signal(signal.SIGUSR1)
        got.append(False)

    inside = probe.Whole(work, print)
    old = signal.signal(signal.SIGUSR1, lambda *_: got.append(True))
    try:
        inside()
        assert got == [False, True]
    finally:
        signal.signal(signal.SIGUSR1, old)


def test_what_mends_is_called_until_it_returns() -> None:
    calls: list[object] = []

    def fails(*_: object) -> None:
        raise Interrupted

    def mend(first: object) -> None:
        calls.append(first)
        if len(calls) < 5:
            raise ValueError

    with pytest.raises(Interrupted):
        probe.Whole(fails, mend)("first", "second")
    assert calls == ["first"] * 5


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="CPython's own: between __enter__ and `with` one may come"
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_real_interrupt_of_the_keyboard() -> None:
    """Its handler is C's, and is not put off.

    A timer of the kernel's sends it: joining a thread is not safe against interrupts.
    """
    interrupted = 0
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0002)
                for _ in range(40):
                    by_trace("trace")
                while signal.getitimer(signal.ITIMER_REAL)[0]:
                    pass
            except KeyboardInterrupt:
                interrupted += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert interrupted > 30  # some come within destructors, and are reported there
    is_clean(list(refs.live()))
