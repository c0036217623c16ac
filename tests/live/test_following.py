"""Sections, and common handles, where contexts do not go by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import anyio
import anyio.lowlevel
import anyio.to_thread
import gevent
import greenlet
import pytest
from gevent.pool import Pool
from tests.live import subject
from tests.live.collector import Collector

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE
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


@pytest.fixture
def client() -> Iterator[Collector]:
    with Collector(7) as made:
        yield made


# -- carried() ------------------------------------------------------------------------------------


def by_thread(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def by_greenlet(call: Callable[[], object]) -> None:
    greenlet.greenlet(call).switch()


def by_context(call: Callable[[], object]) -> None:
    contextvars.Context().run(call)


@pytest.mark.parametrize("by", [by_thread, by_greenlet, by_context])
def test_carried(client: Collector, by: Callable[[Callable[[], object]], None]) -> None:
    with pykcov.remote(7):
        by(lambda: subject.work(1))
        by(pykcov.carried(lambda: subject.work(2)))
        by(lambda: subject.work(3))
        late = pykcov.carried(lambda: subject.work(4))
    assert client.take() == alone(2)
    by(late)  # the section is over
    assert client.take() == []


def test_carried_gives_arguments_and_result_and_comes_back(client: Collector) -> None:
    def call(a: int, *, b: int) -> int:
        subject.work(a)
        return a + b

    assert pykcov.carried(call) is call  # no section
    with pykcov.remote(7):
        inside = pykcov.carried(call)
    with Collector(8) as other:
        with pykcov.remote(8):
            assert inside(2, b=3) == 5
            subject.work(4)
        assert other.take() == alone(4)
    assert client.take() == []


# -- where contexts do go -------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(backend: str) -> None:
    """Requests at once, each with tasks and a thread of its own."""

    async def request(n: int) -> None:
        async with pykcov.remote(2000 + n):
            await subject.steps(n, anyio.lowlevel.checkpoint)
            async with anyio.create_task_group() as group:
                group.start_soon(subject.steps, n + 1, anyio.lowlevel.checkpoint)
            await anyio.to_thread.run_sync(subject.work, n + 2)

    async def main(numbers: range) -> None:
        async with anyio.create_task_group() as group:
            for n in numbers:
                group.start_soon(request, n)

    clients = [Collector(2000 + n) for n in range(30)]
    with contextlib.ExitStack() as stack:
        for one in clients:
            stack.enter_context(one)
        anyio.run(main, range(30), backend=backend)
        together = [one.take() for one in clients]
        for n in range(30):
            anyio.run(main, range(n, n + 1), backend=backend)
            assert clients[n].take() == together[n] != []


# -- follow() -------------------------------------------------------------------------------------


def test_a_pool_of_threads(client: Collector) -> None:
    with ThreadPoolExecutor(1) as pool:
        end = pykcov.follow(pool)
        with pykcov.remote(7):
            pool.submit(subject.work, 1).result()
            list(pool.map(subject.work, [2, 3]))
        pool.submit(subject.work, 4).result()
        assert client.take() == alone(1) + alone(2) + alone(3)
        end()
        end()
        with pykcov.remote(7):
            pool.submit(subject.work, 1).result()
        assert client.take() == []


def test_gevent(client: Collector) -> None:
    def spawn_and_wait(n: int) -> None:
        gevent.spawn(subject.work, n).join()
        Pool(2).spawn(subject.work, n + 1).join()
        later = gevent.spawn_later(0.001, subject.work, n + 2)
        later.join()

    with pykcov.remote(7):
        spawn_and_wait(1)
    assert client.take() == []
    end = pykcov.follow(gevent)
    try:
        with pykcov.remote(7):
            spawn_and_wait(1)
            nested = gevent.spawn(lambda: gevent.spawn(subject.work, 5).join())
            nested.join()
        spawn_and_wait(6)
        assert client.take() == alone(1) + alone(2) + alone(3) + alone(5)
    finally:
        end()


def test_gevent_greenlets_that_take_turns() -> None:
    """200 at once, each with children of its own."""
    count = 200

    def child(n: int) -> None:
        for i in range(3):
            subject.work(n + i)
            gevent.sleep(0)

    def request(n: int) -> None:
        with pykcov.remote(1000 + n):
            subject.work(n)
            gevent.sleep(0)
            gevent.spawn(child, n).join()
            subject.work(n)

    end = pykcov.follow(gevent)
    clients = [Collector(1000 + n) for n in range(count)]
    try:
        for one in clients:
            one.__enter__()
        gevent.joinall([gevent.spawn(request, n) for n in range(count)], raise_error=True)
        for n, one in enumerate(clients):
            parts = [alone(n), *(alone(n + i) for i in range(3)), alone(n)]
            assert one.take() == [pc for part in parts for pc in part]
    finally:
        end()
        for one in clients:
            one.__exit__(None, None, None)


def test_what_can_not_be_followed() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(TypeError, match="gevent"):
        pykcov.follow(pool)
    with pytest.raises(TypeError):
        pykcov.follow(threading)


# -- the common handle ----------------------------------------------------------------------------


@pytest.fixture
def common() -> Iterator[tuple[pykcov.Descriptor, int]]:
    """This thread has a common handle, and collects it."""
    with pykcov.open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 1 << 12)
        descriptor.ioctl(KCOV_REMOTE_ENABLE, RemoteArg(0, 1 << 12, 5, ()).encode())
        yield descriptor, 5
        if descriptor.owner is not None:
            descriptor.ioctl(KCOV_DISABLE)


def test_the_common_handle_is_inherited(common: tuple[pykcov.Descriptor, int]) -> None:
    descriptor, handle = common
    seen: list[int] = []

    def note() -> None:
        seen.append(pykcov.common_handle())

    def nested() -> None:
        note()
        by_thread(note)

    async def tasks() -> None:
        async def one() -> None:
            note()

        await asyncio.create_task(one())
        await asyncio.gather(one(), asyncio.to_thread(note))

    note()
    by_thread(nested)
    asyncio.run(tasks())
    by_thread(lambda: asyncio.run(tasks()))
    pid = os.fork()
    if pid == 0:
        os._exit(pykcov.common_handle())
    seen.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    assert seen == [handle] * 10
    descriptor.ioctl(KCOV_DISABLE)
    assert pykcov.common_handle() == 0
    by_thread(note)
    assert seen[-1] == 0


def test_what_is_done_on_behalf(common: tuple[pykcov.Descriptor, int]) -> None:
    descriptor, _ = common
    expected: list[int] = []
    by_thread(lambda: expected.extend(alone(2)))
    with pytest.raises(OSError, match="busy"):  # this thread has a kcov enabled
        alone(1)
    area = descriptor.mmap((1 << 12) * 8)

    def work(n: int) -> None:
        with pykcov.remote(common=handle):
            subject.work(n)

    handle = 0
    by_thread(lambda: work(1))
    handle = pykcov.common_handle()
    by_thread(lambda: work(2))
    with memoryview(area) as view, view.cast("Q") as words:
        found = words[1 : 1 + words[0]].tolist()
    assert found == expected


def test_a_thread_that_was_there_before_has_none(common: tuple[pykcov.Descriptor, int]) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(pykcov.common_handle).result() == 5
    with pykcov.remote(common=0) as section:  # marks nothing
        pass
    assert section.complete
    for bad in (-1, 2**32):
        with pytest.raises(ValueError, match="common"):
            pykcov.remote(common=bad)


PROGRAM = """
import threading
import pykcov
from tests.live import subject
from tests.live.collector import Collector
from tests.live.test_following import alone, by_thread

with pykcov.instrument(include=["**/tests/live/subject.py"]), Collector(7) as client:
    with pykcov.remote(7):
        by_thread(lambda: subject.work(1))
        by_thread(pykcov.carried(lambda: subject.work(2)))
        timer = threading.Timer(0, subject.work, [3])
        timer.start()
        timer.join()
    assert client.take() == alone(2)
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="threads may inherit contexts from 3.14 on")
def test_threads_that_inherit_contexts() -> None:
    command = [sys.executable, "-X", "thread_inherit_context=1", "-c", PROGRAM]
    subprocess.run(command, check=True)
