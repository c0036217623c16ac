"""Sections reach the client who asked for their handle: whole, in order, and nothing foreign."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import itertools
import os
import signal
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.live import subject
from tests.live.collector import Collector

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE
from pykcov.device.remote_arg import RemoteArg


@pytest.fixture(autouse=True, scope="module")
def instrumented() -> Iterator[None]:
    with pykcov.instrument(include=["**/tests/live/subject.py"]) as handle:
        assert handle.blocks > 20
        yield


def alone(n: int) -> list[int]:
    with pykcov.trace(1 << 12) as t:
        subject.work(n)
    return list(t.pcs)


async def pause() -> None:
    await asyncio.sleep(0)


def steps_alone(n: int) -> list[int]:
    async def traced() -> list[int]:
        with pykcov.trace(1 << 12) as t:
            await subject.steps(n, pause)
        return list(t.pcs)

    return asyncio.run(traced())


# -- what is published ----------------------------------------------------------------------------


def test_a_section_is_published_when_it_stops() -> None:
    with Collector(7) as client:
        with pykcov.remote(7) as section:
            subject.work(5)
            assert client.pcs() == []
        assert section.complete
        assert client.pcs() == alone(5)
        subject.work(6)
        assert client.take() == alone(5)
        assert pykcov.remote_start(7)
        subject.work(9)
        pykcov.remote_stop()
        pykcov.remote_stop()
        assert client.take() == alone(9)


def test_handles_are_told_apart() -> None:
    with Collector(1, "two") as first, Collector(3) as second:
        for handle, n in ((1, 11), ("two", 12), (3, 13), (4, 14)):
            with pykcov.remote(handle):
                subject.work(n)
        assert first.pcs() == alone(11) + alone(12)
        assert second.pcs() == alone(13)


def test_what_nobody_asked_for_is_not_recorded() -> None:
    assert not pykcov.remote_start(5)
    pykcov.remote_stop()
    with pykcov.remote(5) as section:
        subject.work(1)
    assert section.complete


def test_the_clients_own_code_is_not_recorded() -> None:
    with Collector(7) as client:
        subject.work(5)
        assert client.pcs() == []


def test_there_is_no_nesting() -> None:
    with Collector(1) as outer, Collector(2) as inner:
        with pykcov.remote(1):
            subject.work(1)
            with pykcov.remote(2):
                subject.work(2)
            assert not pykcov.remote_start(2)
            subject.work(3)
        assert outer.pcs() == alone(1) + alone(2) + alone(3)
        assert inner.pcs() == []


def test_a_thread_with_a_kcov_of_its_own_keeps_its_records() -> None:
    def run(out: list[list[int]]) -> None:
        with pykcov.trace(1 << 12) as t, pykcov.remote(7):
            subject.work(5)
        out.append(list(t.pcs))

    found: list[list[int]] = []
    with Collector(7) as client:
        thread = threading.Thread(target=run, args=(found,))
        thread.start()
        thread.join()
        assert client.pcs() == []
    assert found == [alone(5)]


def test_disabled_in_the_middle_nothing_is_published() -> None:
    client = Collector(7)
    client.enable()
    with pykcov.remote(7) as section:
        subject.work(5)
        client.disable()
    assert not section.complete
    with pykcov.remote(7) as section:
        subject.work(5)
        client.enable()  # another ENABLE: the section was of none
    assert client.pcs() == []
    with pykcov.remote(7) as section:
        subject.work(5)
        client.disable()
        client.enable()
    assert client.pcs() == []
    assert not section.complete
    client.disable()
    client.close()


@given(size=st.integers(2, 40), area_size=st.integers(0, 40), count=st.integers(0, 45))
def test_a_full_area_shows(size: int, area_size: int, count: int) -> None:
    pages = max(512, size)
    expected = alone(5) * 3
    with Collector(7, size=pages, area_size=area_size) as client:
        client.count = pages - size + min(count, size)
        before = min(client.count, pages - 1)
        with pykcov.remote(7) as section:
            for _ in range(3):
                subject.work(5)
        kept = expected[: max(area_size, 2) - 1]
        room = pages - 1 - before
        assert section.complete == (len(kept) == len(expected) and room >= len(kept))
        assert client.descriptor.dropped == (not section.complete)
        if room:
            assert client.count == before + min(len(kept), room)
            assert client.pcs()[before:] == kept[:room]


@pytest.mark.parametrize("garbage", [512, 2**63, 2**64 - 1])
def test_a_garbage_count_drops_everything(garbage: int) -> None:
    with Collector(7, size=512) as client:
        client.count = garbage
        with pykcov.remote(7) as section:
            subject.work(5)
        assert client.count == garbage
        assert not section.complete
        client.count = 0
        with pykcov.remote(7):
            subject.work(5)
        assert client.pcs() == alone(5)


def test_blocks_once_each() -> None:
    with Collector(7, recording_mode="blocks") as client:
        with pykcov.remote(7):
            subject.work(5)
            subject.work(5)
        assert client.pcs() == list(dict.fromkeys(alone(5)))


def test_one_handle_twice_at_once() -> None:
    """Both are recorded, each apart; they are published one behind the other, as they stop."""
    with Collector(7) as client:
        first, second = contextvars.Context(), contextvars.Context()
        one, two = pykcov.remote(7), pykcov.remote(7)
        first.run(one.start)
        second.run(two.start)
        first.run(subject.work, 1)
        second.run(subject.work, 2)
        first.run(subject.work, 3)
        second.run(two.stop)
        first.run(one.stop)
        assert client.pcs() == alone(2) + alone(1) + alone(3)


# -- whom a section follows -----------------------------------------------------------------------


def test_tasks_and_threads_that_it_starts() -> None:
    async def request() -> None:
        async with pykcov.remote(7):
            await asyncio.create_task(subject.steps(8, pause))
            await asyncio.gather(subject.steps(3, pause))
            await asyncio.to_thread(subject.work, 5)
            contextvars.copy_context().run(subject.work, 6)
            thread = threading.Thread(target=subject.work, args=(9,))
            thread.start()
            thread.join()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(subject.work, 10).result()
                pool.submit(contextvars.copy_context().run, subject.work, 11).result()

    async def main() -> None:
        noise = asyncio.create_task(subject.steps(3, pause))
        await request()
        await noise

    with Collector(7) as client:
        asyncio.run(main())
        parts = [steps_alone(8), steps_alone(3), alone(5), alone(6), alone(11)]
        assert client.pcs() == [*itertools.chain(*parts)]


def test_200_gathered_requests_each_as_alone() -> None:
    async def request(n: int) -> None:
        async with pykcov.remote(n + 1):
            await subject.steps(n, pause)

    async def main() -> None:
        await asyncio.gather(*(request(n) for n in range(200)))

    clients = [Collector(n + 1) for n in range(200)]
    for client in clients:
        client.enable()
    asyncio.run(main())
    found = [client.pcs() for client in clients]
    for client in clients:
        client.close()
    for n in range(200):
        assert found[n] == steps_alone(n), n


def test_a_context_that_outlives_its_section_records_nothing() -> None:
    with Collector(7) as client:
        with pykcov.remote(7):
            later = contextvars.copy_context()
        later.run(subject.work, 5)
        assert client.pcs() == []
        with pykcov.remote(7):
            later.run(subject.work, 6)
            subject.work(7)
        assert client.pcs() == alone(7)


# -- generators -----------------------------------------------------------------------------------


def items(n: int) -> Generator[int, object, list[object]]:
    sent = []
    try:
        for i in range(n):
            sent.append((yield subject.work(i)))
    except ValueError:
        yield subject.work(40)
    finally:
        subject.work(50)
    return sent


def test_a_generator_is_suspended_at_its_yields() -> None:
    with Collector(7) as client:
        section = pykcov.remote(7)
        with section:
            section.suspend()
            generator = section.over(items(3))
            for _ in generator:
                subject.work(60)
        assert client.take() == alone(0) + alone(1) + alone(2) + alone(50)


def test_what_is_sent_thrown_and_closed_comes_through() -> None:
    section = pykcov.remote(8)
    assert [*section.over(items(2))] == [*items(2)]
    plain, wrapped = items(3), section.over(items(3))
    for generator in (plain, wrapped):
        next(generator)
    assert plain.send(5) == wrapped.send(5)
    assert plain.throw(ValueError) == wrapped.throw(ValueError)
    for generator in (plain, wrapped):
        with pytest.raises(StopIteration):
            next(generator)
    with Collector(7) as client:
        with pykcov.remote(7) as section:
            section.suspend()
            started = section.over(items(3))
            next(started)
            started.close()
        assert client.take() == alone(0) + alone(50)


def test_an_asynchronous_generator_too() -> None:
    async def numbers() -> AsyncGenerator[int, None]:
        for i in range(3):
            await pause()
            yield subject.work(i)

    async def main() -> None:
        async with pykcov.remote(7) as section:
            section.suspend()
            async for _ in section.over_async(numbers()):
                subject.work(60)
                await pause()

    with Collector(7) as client:
        asyncio.run(main())
        assert client.pcs() == alone(0) + alone(1) + alone(2)


# -- registering ----------------------------------------------------------------------------------


def refused(arg: RemoteArg) -> int | None:
    client = Collector()
    client.arg = arg
    try:
        client.enable()
    except OSError as error:
        return error.errno
    else:
        client.disable()
        return None
    finally:
        client.close()


GOOD, USB = pykcov.handle_of(9), 1 << 56 | 5


@pytest.mark.parametrize(
    ("common", "handles", "expected"),
    [
        (0, (), None),
        (0, (GOOD, USB), None),
        (3, (GOOD,), None),
        (0, (GOOD, GOOD), errno.EEXIST),
        (0, (2 << 56 | 1,), errno.EINVAL),
        (0, (5,), errno.EINVAL),
        (0, (GOOD | 1 << 40,), errno.EINVAL),
        (1 << 56 | 1, (), errno.EINVAL),
        (1 << 40, (), errno.EINVAL),
        (0, (GOOD, GOOD, 5), errno.EEXIST),
        (0, (GOOD, 5, GOOD), errno.EINVAL),
    ],
)
def test_what_registering_checks(
    common: int, handles: tuple[int, ...], expected: int | None
) -> None:
    assert refused(RemoteArg(0, 64, common, handles)) == expected
    assert refused(RemoteArg(0, 64, 0, (GOOD,))) is None, "nothing stays registered"


def test_a_handle_has_one_collector() -> None:
    with Collector(9, common=4):
        assert refused(RemoteArg(0, 64, 0, (GOOD,))) == errno.EEXIST
        assert refused(RemoteArg(0, 64, 4, ())) == errno.EEXIST
    assert refused(RemoteArg(0, 64, 4, (GOOD,))) is None


def test_a_task_has_one_kcov() -> None:
    argument = RemoteArg(0, 64, 0, (GOOD,)).encode()
    with pykcov.open() as first, pykcov.open() as other:
        for descriptor in (first, other):
            descriptor.ioctl(KCOV_INIT_TRACE, 64)
        first.ioctl(KCOV_REMOTE_ENABLE, argument)
        for request in (KCOV_ENABLE, KCOV_REMOTE_ENABLE):
            with pytest.raises(OSError, match="busy"):
                other.ioctl(request, argument if request == KCOV_REMOTE_ENABLE else 0)
        with pytest.raises(OSError, match="Invalid"):
            other.ioctl(KCOV_DISABLE)
        first.ioctl(KCOV_DISABLE)


@pytest.mark.parametrize(
    "bad", [0, 2**64 - 1, b"", bytes(23), RemoteArg(0, 1, 0, (1,)).encode()[:-1]]
)
def test_an_argument_that_is_no_struct(bad: int | bytes) -> None:
    with pykcov.open() as descriptor, pytest.raises(OSError, match="Bad address"):
        descriptor.ioctl(KCOV_REMOTE_ENABLE, bad)


def test_too_many_handles() -> None:
    many = RemoteArg(0, 64, 0, tuple(range(GOOD, GOOD + 0x101))).encode()
    with pykcov.open() as descriptor, pytest.raises(OSError, match="Invalid"):
        descriptor.ioctl(KCOV_REMOTE_ENABLE, many)
    assert refused(RemoteArg(0, 64, 0, tuple(range(GOOD, GOOD + 0x100)))) is None


def test_handles() -> None:
    assert pykcov.handle_of(1) == 0x70 << 56 | 1
    assert pykcov.handle_of(2**32 - 1) == 0x70 << 56 | 0xFFFFFFFF
    assert pykcov.handle_of(USB) == USB
    assert pykcov.handle_of("request 1") == 0x70 << 56 | 0x0E5D0594
    for bad in (0, -1, 2**64):
        with pytest.raises(ValueError, match="handle"):
            pykcov.remote(bad)


# -- processes ------------------------------------------------------------------------------------


def test_forked_children_publish_into_the_same_area() -> None:
    with Collector(7, size=1 << 14, area_size=512) as client:
        children = []
        for n in range(8):
            pid = os.fork()
            if pid == 0:
                for _ in range(20):
                    with pykcov.remote(7):
                        subject.work(n)
                os._exit(0)
            children.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8
        found = client.pcs()
    known = {tuple(alone(n)) for n in range(8)}
    sections = 0
    while found:
        whole = next(trace for trace in known if tuple(found[: len(trace)]) == trace)
        del found[: len(whole)]
        sections += 1
    assert sections == 160


def test_a_child_stops_when_the_parent_disables() -> None:
    with Collector(7) as client:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(reading, 1)
            with pykcov.remote(7) as section:
                subject.work(5)
            os._exit(0 if section.complete else 3)
        client.disable()
        client.enable()
        os.write(writing, b"x")
        assert os.waitpid(pid, 0)[1] == 0  # nobody collects for it any more
        assert client.pcs() == []
        os.close(reading)
        os.close(writing)


@pytest.mark.slow
def test_children_killed_at_any_instant_leave_whole_sections() -> None:
    with Collector(7, size=1 << 20, area_size=512) as client:
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                while True:
                    with pykcov.remote(7):
                        subject.work(5)
            while client.count == 0:
                os.sched_yield()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            expected = alone(5)
            found = client.take()
            assert len(found) % len(expected) == 0
            assert found == expected * (len(found) // len(expected))
        with pykcov.remote(7):
            subject.work(6)
        assert client.pcs() == alone(6)
