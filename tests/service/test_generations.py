"""What a client sees of sections: generations, counts, wait(), and who is told of what."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.live import subject
from tests.service.conftest import Service
from tests.service.test_c_client import library_of

import pykcov
from pykcov.abi.kcov import KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE, KCOV_TRACE_PC, WORD
from pykcov.device import sections
from pykcov.device.remote_arg import RemoteArg
from pykcov.service.connection import Link
from pykcov.service.protocol import Kind, Type
from pykcov.service.socket_descriptor import SocketDescriptor

Start = Callable[..., Service]
Alone = Callable[[int], list[int]]


@pytest.fixture(scope="module")
def alone() -> Iterator[Alone]:
    """The trace of subject.work(n)."""
    with pykcov.instrument(include=["**/tests/live/subject.py"]):

        def traced(n: int) -> list[int]:
            with pykcov.trace() as t:
                subject.work(n)
            return t.pcs.tolist()

        yield traced


@pytest.fixture
def shown(alone: Alone) -> Iterator[str]:
    """A device of this process: sections are begun and ended by the test itself."""
    server = pykcov.serve(f"generations-{os.getpid()}")
    yield server.name
    server.close()


@contextlib.contextmanager
def collecting(
    name: str, handle: int | str = 7
) -> Iterator[pykcov.service.remote_trace.RemoteTrace]:
    with pykcov.connect(name) as device, device.remote(handle, 1 << 12) as t:
        yield t


def begin(handle: int = 7) -> sections.Section:
    section = sections.start(pykcov.handle_of(handle))
    assert section is not None
    section.leave()
    return section


def test_what_began_before_clear_is_dropped(shown: str, alone: Alone) -> None:
    with collecting(shown) as t:
        old = begin()
        with old.inside():
            subject.work(1)
        t.clear()
        with pykcov.remote(7) as new:
            subject.work(2)
        assert new.complete
        old.stop()
        assert old.complete is False
        assert (t.pcs.tolist(), t.complete) == (alone(2), True)
        assert (t.sections.began, t.sections.over, t.sections.late) == (1, 1, 1)
    assert (t.pcs.tolist(), t.complete) == (alone(2), True)


def test_after_work_is_told_apart(shown: str, alone: Alone) -> None:
    with collecting(shown) as t:
        section = begin()
        with section.inside():
            subject.work(1)
        section.publish(answered=True)
        assert (t.pcs.tolist(), t.complete) == (alone(1), True)
        with section.inside():
            subject.work(2)
        section.publish()
        assert t.pcs.tolist() == alone(1)
        assert t.sections.over == 0
        assert not t.wait(0.01)
        section.stop()
        assert t.wait(0)
        assert (t.pcs.tolist(), t.complete) == (alone(1) + alone(2), True)
        t.clear()
        assert (t.pcs.tolist(), t.complete) == ([], False)


def test_renew(shown: str, alone: Alone) -> None:
    """A websocket: what runs after a message belongs to the generation that is present then."""
    with collecting(shown) as t:
        section = begin()
        for n in (1, 2, 3):
            t.clear()
            section.renew()
            with section.inside():
                subject.work(n)
            section.publish()
            assert (t.pcs.tolist(), t.complete) == (alone(n), True)
        assert t.sections.over == 0
        section.stop()
        assert t.wait(1)


def test_a_raw_client_gets_what_linux_gives(shown: str, alone: Alone) -> None:
    """It stores 0 into the count, and nothing else: all sections are appended, also old ones."""
    with pykcov.connect(shown) as device:
        descriptor = device.open()
        descriptor.ioctl(KCOV_INIT_TRACE, 1 << 12)
        area = memoryview(descriptor.mmap(WORD << 12)).cast("Q")
        arg = RemoteArg(KCOV_TRACE_PC, 1 << 12, 0, (pykcov.handle_of(7),))
        descriptor.ioctl(KCOV_REMOTE_ENABLE, arg.encode())
        old = begin()
        with old.inside():
            subject.work(1)
        area[0] = 0
        with pykcov.remote(7):
            subject.work(2)
        old.publish(answered=True)
        with old.inside():
            subject.work(3)
        old.stop()
        assert area[1 : area[0] + 1].tolist() == alone(2) + alone(1) + alone(3)


def test_overflow_shows_while_it_is_open(shown: str) -> None:
    with pykcov.connect(shown) as device, device.remote(7, 512) as t:
        assert not t.overflowed
        with pykcov.remote(7):
            for n in range(64):
                subject.work(n)
        assert t.overflowed
        assert not t.complete
        t.clear()
        assert not t.overflowed
        with pykcov.remote(7):
            subject.work(1)
        assert t.complete


def test_what_is_not_over_is_disabled(shown: str, alone: Alone) -> None:
    with collecting(shown) as t:
        section = begin()
        with section.inside():
            subject.work(1)
        section.publish(answered=True)
    with section.inside():
        subject.work(2)
    section.stop()
    assert section.complete is False
    assert (t.pcs.tolist(), t.complete) == (alone(1), True)
    assert t.sections.disabled == 1


def test_a_section_that_nobody_ended_is_lost(shown: str) -> None:
    with collecting(shown) as t:
        section = begin()
        with section.inside():
            subject.work(1)
        del section
        assert t.sections.lost == 1
        assert not t.complete


def test_nothing_marked_is_told_once(shown: str, recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    for _ in range(3):
        with collecting(shown) as t:
            pass
        assert not t.complete
        assert t.sections.began == 0
        assert not t.wait(0)
    (told,) = [w for w in recwarn if issubclass(w.category, pykcov.PykcovWarning)]
    assert "[nothing-marked]" in str(told.message)
    assert told.filename == __file__ or "contextlib" in told.filename


def test_clear_and_publish_at_once(shown: str, alone: Alone) -> None:
    """Sections are published by two threads while generations go by: each generation has whole
    sections of its own, or none."""
    whole = {tuple(alone(n)) for n in range(8)}
    stop = threading.Event()

    def work() -> None:
        n = 0
        while not stop.is_set():
            with pykcov.remote(7):
                subject.work(n % 8)
            n += 1

    threads = [threading.Thread(target=work) for _ in range(2)]
    with pykcov.connect(shown) as device, device.remote(7, 1 << 18) as t:
        for thread in threads:
            thread.start()
        try:
            seen = 0
            end = time.monotonic() + (20 if os.environ.get("PYKCOV_SOAK") else 2)
            while time.monotonic() < end:
                t.clear()
                time.sleep(0.0003)
                found = t.pcs.tolist()
                assert not t.overflowed
                while found:
                    part = next(p for p in whole if tuple(found[: len(p)]) == p)
                    found = found[len(part) :]
                    seen += 1
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert seen > 10


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # this process has threads
def test_a_killed_workers_section_is_lost(shown: str) -> None:
    with collecting(shown) as t:
        pid = os.fork()
        if pid == 0:
            _ = begin()  # kept until it dies
            signal.pause()
        deadline = time.monotonic() + 10
        while not t.sections.began and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not t.wait(0.2)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert t.wait(10)
        assert (t.sections.lost, t.complete) == (1, False)


def test_a_service_that_is_started_again_is_found(start: Start, alone: Alone) -> None:
    first = start()
    with collecting(first.name) as t:
        first.request(7, 1)
        assert t.pcs.tolist() == alone(1)
        first.process.kill()
        first.process.wait()
        with pytest.raises(pykcov.PykcovError, match="device-gone"):
            _ = t.pcs
        with pytest.raises(pykcov.PykcovError, match="device-missing"):
            t.clear()
        server = pykcov.serve(first.name)
        try:
            t.clear()
            with pykcov.remote(7):
                subject.work(2)
            assert (t.pcs.tolist(), t.complete) == (alone(2), True)
        finally:
            server.close()


def test_the_same_in_c(shown: str, alone: Alone, tmp_path: Path) -> None:
    c = library_of(tmp_path)
    words = 1 << 12
    pointer = ctypes.POINTER(ctypes.c_uint64)
    c.c_clear.argtypes, c.c_clear.restype = [pointer, ctypes.c_uint64], None
    c.c_after.argtypes, c.c_after.restype = [pointer, ctypes.c_uint64], ctypes.c_uint64
    c.c_sections.argtypes = [pointer, ctypes.c_uint64, ctypes.c_int]
    c.c_sections.restype = ctypes.c_uint64
    c.c_wait.argtypes = [ctypes.c_int, pointer, ctypes.c_uint64, ctypes.c_int]
    fd = c.c_open(shown.encode(), 0)
    assert c.c_ioctl(fd, KCOV_INIT_TRACE, words, 1) == 0
    area = c.c_mmap(fd, words)
    handle = (ctypes.c_uint64 * 1)(pykcov.handle_of(7))
    assert c.c_remote_enable(fd, words, handle, 1, 1) == 0

    def pcs() -> list[int]:
        return [area[1 + i] for i in range(c.c_count(area, words))]

    old = begin()
    c.c_clear(area, words)
    with pykcov.remote(7):
        subject.work(2)
    with old.inside():
        subject.work(1)
    old.stop()
    assert pcs() == alone(2)
    assert c.c_wait(fd, area, words, 1000) == 1
    section = begin()
    with section.inside():
        subject.work(3)
    section.publish(answered=True)
    with section.inside():
        subject.work(4)
    assert c.c_wait(fd, area, words, 1) == 0
    section.stop()
    assert (pcs(), c.c_after(area, words)) == (alone(2) + alone(3), len(alone(4)))
    began, late = (c.c_sections(area, words, what) for what in (4, 10))
    assert (began, late) == (2, 1)
    c.c_clear(area, words)
    assert (pcs(), c.c_after(area, words), c.c_sections(area, words, 4)) == ([], 0, 0)
    os.close(fd)


# -- a client never takes the service down ---------------------------------------------------------


def test_nobody_can_cut_what_the_service_maps(start: Start, alone: Alone) -> None:
    """Each descriptor that it gives away is truncated and scribbled on, and it goes on."""
    service = start(1)
    client, member = Link(service.name, Kind.CLIENT), Link(service.name, Kind.MEMBER)
    watch = Link(service.name, Kind.WATCH)
    opened = SocketDescriptor(client)
    opened.ioctl(KCOV_INIT_TRACE, 512)
    opened.ioctl(
        KCOV_REMOTE_ENABLE, RemoteArg(KCOV_TRACE_PC, 512, 0, (pykcov.handle_of(9),)).encode()
    )
    replies = (
        client.request(Type.MMAP, 512 * WORD, files=1),
        client.request(Type.AREA, files=1),
        member.request(Type.TABLE, files=2),
    )
    files = [*(file for _, _, files in replies for file in files), *watch.files]
    memory, area, table, extent, ring = (file.fileno() for file in files)
    for fd in (memory, area, table, ring):
        for size in (0, 1, 1 << 30):
            with pytest.raises(PermissionError):
                os.ftruncate(fd, size)
    with pytest.raises(PermissionError):
        os.write(table, b"x")
    os.write(extent, os.urandom(1 << 12))
    for fd in (memory, ring):
        os.pwrite(fd, b"\xff" * os.fstat(fd).st_size if fd == memory else b"\xff" * 4096, 0)
    with pykcov.connect(service.name).remote(7) as t:
        service.request(9, 1)
        service.request(7, 2)
        assert (t.pcs.tolist(), t.complete) == (alone(2), True)
    opened.close()
    for link in (client, member, watch):
        link.close()


def test_ten_thousand_handles_at_256_files(start: Start, alone: Alone) -> None:
    service = start()
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (256, 256))
    with pykcov.connect(service.name) as device, contextlib.ExitStack() as stack:
        with pytest.raises(OSError, match="Too many open files") as refused:
            for n in range(10_000):
                stack.enter_context(device.remote(f"handle-{n}", 512))
        assert refused.value.errno == 24
        assert n > 64
        assert service.descriptors() <= 130
        assert service.request("handle-3", 1) == "whole"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stack.close()
        with device.remote(7) as t:
            service.request(7, 3)
        assert t.pcs.tolist() == alone(3)
    links = []
    with pytest.raises(OSError, match=r"Too many open files|reset"):
        while True:
            links.append(Link(service.name, Kind.CLIENT))
    assert len(links) > 64
    assert service.descriptors() <= 130
    for link in links:
        link.close()
