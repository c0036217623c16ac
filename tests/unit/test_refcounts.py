"""Nothing that C does again and again leaves references behind.

A debug build of CPython counts all references (`make refcounts`, if there is one); any other counts
the blocks of memory that are in use, which shows objects that are never dropped.
"""

from __future__ import annotations

import gc
import marshal
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from tests.live import subject
from tests.unit.cores import A, B, Recording, attached, hit, in_thread, section
from tests.unit.native_raw import on_c_thread
from tests.unit.rewritten import rewrite_text

import pykcov
from pykcov import probe, refs
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE
from pykcov.device.remote_arg import RemoteArg
from pykcov.symbols.store import SymbolStore

in_use: Callable[[], int] = getattr(sys, "gettotalrefcount", sys.getallocatedblocks)
CODE = marshal.dumps(compile("def f(a):\n    return a + 'constant'\n", "made", "exec"))
TEXT = "def f(a):\n    return [x for x in range(a) if x]\n"


class Ending:
    """A task whose exit() may raise."""

    def exit(self) -> None:
        hit(A)


class Instruction(tuple[int, ...]):
    """As the rewriter has it."""


def threads() -> None:
    def work() -> None:
        probe.set_task(Ending())
        probe.attach(Recording().recorder)
        hit(A)

    in_thread(work)
    on_c_thread(work, 2)


def sections() -> None:
    with section(Recording()):
        hit(A)
        in_thread(lambda: hit(B))
    token = probe.section_open(Recording().recorder)
    with suppress(RuntimeError):
        probe.section_open(probe.section())  # type: ignore[arg-type]
    probe.section_close(probe.section(), token)  # type: ignore[arg-type]


def recorders() -> None:
    for bad in (bytearray(8), bytes(64), 7, memoryview(bytearray(64))[::2]):
        with suppress(TypeError, ValueError, BufferError):
            probe.Recorder(bad)
    with attached(Recording(blocks=True)) as made, suppress(RuntimeError):
        hit(A, B)
        probe.attach(made.recorder)
    made.recorder.consume()
    probe.Shared().reset(bytearray(64), -1, 2)
    with suppress(ValueError):
        probe.Shared().reset(bytearray(64), -1, 8)


def counters() -> None:
    made = probe.new_counters()
    probe.count_everyone(made)
    hit(A, B)
    probe.count_everyone(None)
    made.hits(), made.pcs(10)
    made.drop(1)
    made.clear()
    probe.record_process(Recording().recorder)
    hit(A)
    probe.record_process(None)


def codes() -> None:
    load = lambda n: marshal.loads(CODE)  # noqa: E731
    for slots in (b"", bytes(3), bytes(4), bytes(8), bytes([1, 0, 0, 0] * 4), bytes(16)):
        with suppress(ValueError):
            probe.fill(marshal.loads(CODE), [A, "text"], slots, load, None)
    code = marshal.loads(CODE)
    probe.decode(code.co_code, bytes(256), bytes(256), Instruction)
    probe.positions(code.co_linetable, 1)
    probe.positions(os.urandom(64), 1)
    with suppress(ValueError):
        probe.decode(b"odd", bytes(256), bytes(256), Instruction)
    with suppress(ValueError):
        probe.decode(b"even", bytes(256), bytes(256), os.stat_result)


def constants() -> None:
    made = A.instead([], 0)
    assert -made == []
    hash(made), repr(made)
    compared = probe.Comparison(1, 0, 1, "constant")
    del compared["other"]
    repr(compared), compared.__getnewargs__()
    with suppress(TypeError, ValueError):
        probe.Comparison(1, 99)


def interrupts() -> None:
    with probe.quiet:
        hit(A)
    with suppress(ZeroDivisionError):
        probe.SignalHandler(lambda *args: 1 // 0)(1, None)
    gc.collect(0)


def packets() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        inbox: list[tuple[bytearray, list[probe.OwnFile]]] = []
        ours.setblocking(False)
        with suppress(BlockingIOError):
            probe.receive(ours.fileno(), inbox, 64)
        assert inbox == []
        for files in ([], [0], [0, 0, 0, 0]):
            socket.send_fds(theirs, [b"packet"], files)
            probe.receive(ours.fileno(), inbox, 64)
            assert (bytes(inbox[-1][0]), len(inbox[-1][1])) == (b"packet", len(files))
        socket.send_fds(theirs, [b"packet"], [0] * 9)
        with suppress(OSError):
            probe.receive(ours.fileno(), inbox, 64)
        assert len(inbox) == 3


def left_by(work: Callable[[], object], times: int) -> int:
    """References that `work` leaves behind, called so often, when caches are full."""
    found = []
    for _ in range(6):
        gc.collect()
        before = in_use()
        for _ in range(times):
            work()
        gc.collect()
        found.append(in_use() - before)
    return min(found[1:])


@pytest.mark.parametrize(
    "work", [threads, sections, recorders, counters, codes, constants, interrupts, packets]
)
def test_nothing_is_left(work: Callable[[], object]) -> None:
    assert left_by(work, 100) < 50


def test_rewritten_code_is_dropped(store: SymbolStore) -> None:
    def work() -> None:
        namespace: dict[str, Any] = {}
        exec(rewrite_text(TEXT, store)[1], namespace)
        assert namespace["f"](3) == [1, 2]

    assert left_by(work, 100) < 50


def test_traces_sections_and_descriptors_are_dropped() -> None:
    """The same of all layers above: a service does this for years."""

    def work() -> None:
        with pykcov.trace(512) as traced:
            subject.work(3)
        assert traced.pcs
        with pykcov.open() as descriptor:
            descriptor.ioctl(KCOV_INIT_TRACE, 512)
            area = descriptor.mmap(4096)
            argument = RemoteArg(0, 512, 0, (pykcov.handle_of(7),)).encode()
            descriptor.ioctl(KCOV_REMOTE_ENABLE, argument)
            with pykcov.remote(7):
                subject.work(3)
            assert int.from_bytes(area[:8], "little") == len(traced.pcs)
            descriptor.ioctl(KCOV_DISABLE)
            with suppress(OSError):
                descriptor.ioctl(KCOV_DISABLE)

    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        before = len(refs.live())
        assert left_by(work, 50) < 50
        assert len(refs.live()) == before
