"""remote.publish(), current_handle(), and sections in whatever pool of threads."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.live import subject
from tests.live.collector import Collector

import pykcov

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="module")
def instrumented() -> Iterator[None]:
    with pykcov.instrument(include=["**/tests/live/subject.py"]):
        yield


@pytest.fixture
def client() -> Iterator[Collector]:
    with Collector(7) as made:
        yield made


def alone(*numbers: int) -> list[int]:
    with pykcov.trace(1 << 12) as t:
        for n in numbers:
            subject.work(n)
    return list(t.pcs)


def by_thread(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


# -- publish() ------------------------------------------------------------------------------------


def test_publish_and_go_on(client: Collector) -> None:
    with pykcov.remote(7) as section:
        section.publish()
        assert client.pcs() == []
        subject.work(1)
        section.publish()
        assert client.pcs() == alone_elsewhere(1)
        subject.work(2)
        by_thread(section.publish)
        assert client.pcs() == alone_elsewhere(1, 2)
        subject.work(3)
    assert client.take() == alone(1, 2, 3)
    subject.work(4)
    section.publish()  # it is over
    assert client.take() == []
    assert section.complete


def alone_elsewhere(*numbers: int) -> list[int]:
    """alone(), for who is in a section."""
    found: list[int] = []
    by_thread(lambda: found.extend(alone(*numbers)))
    return found


def test_publish_where_nothing_is_recorded() -> None:
    section = pykcov.remote(7)
    section.publish()  # not begun
    with section:
        section.publish()  # nobody asked for it
    assert section.complete


# -- current_handle() -----------------------------------------------------------------------------


@pytest.mark.parametrize("handle", [7, "seven", 1 << 56 | 5])
def test_the_current_handle(handle: int | str) -> None:
    assert pykcov.current_handle() is None
    with pykcov.remote(handle):
        assert pykcov.current_handle() is None  # nobody asked for it
    with Collector(handle):
        with pykcov.remote(handle) as section:
            assert pykcov.current_handle() == pykcov.handle_of(handle)
            with pykcov.remote("another"):
                assert pykcov.current_handle() == pykcov.handle_of(handle)
            section.suspend()
            assert pykcov.current_handle() is None
            section.resume()
            assert pykcov.current_handle() == pykcov.handle_of(handle)
        assert pykcov.current_handle() is None


def test_the_current_handle_where_the_section_goes(client: Collector) -> None:
    handle = pykcov.handle_of(7)
    seen: list[int | None] = []

    def note() -> None:
        seen.append(pykcov.current_handle())

    async def task() -> None:
        note()

    async def main() -> None:
        async with pykcov.remote(7):
            await asyncio.gather(task(), asyncio.to_thread(note))
            contextvars.copy_context().run(note)
            by_thread(pykcov.carried(note))
            kept.append(contextvars.copy_context())
            late.append(pykcov.carried(note))
            assert seen == [handle] * 4
            by_thread(note)

    kept: list[contextvars.Context] = []
    late: list[Callable[[], None]] = []
    asyncio.run(main())
    kept[0].run(note)
    late[0]()
    assert seen[4:] == [None] * 3


def test_two_at_once_have_a_handle_each() -> None:
    async def request(handle: str) -> bool:
        async with pykcov.remote(handle):
            for _ in range(3):
                await asyncio.sleep(0)
                if pykcov.current_handle() != pykcov.handle_of(handle):
                    return False
        return True

    async def main() -> list[bool]:
        return await asyncio.gather(*map(request, names))

    names = [f"request {n}" for n in range(16)]
    with Collector(*names):
        assert asyncio.run(main()) == [True] * 16


def test_a_trace_and_a_common_handle_are_none() -> None:
    async def main() -> None:
        with pykcov.trace():  # of a task: a section, of no handle
            assert pykcov.current_handle() is None

    asyncio.run(main())
    with Collector(common=5), pykcov.remote(common=5):
        assert pykcov.current_handle() is None


@pytest.mark.slow
@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver", "pool", "subprocess"])
def test_processes(way: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    command = [sys.executable, "-m", "tests.marks.handing_program", way]
    environment = {**os.environ, "PYKCOV_DEVICES": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# -- follow(ThreadPoolExecutor) -------------------------------------------------------------------


def test_all_pools_of_threads(client: Collector) -> None:
    class Own(ThreadPoolExecutor):
        """As people derive from it."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with pykcov.remote(7):
            await loop.run_in_executor(None, subject.work, 3)
            await loop.run_in_executor(old, subject.work, 4)

    def request() -> list[int]:
        with ThreadPoolExecutor(1) as new, Own(1) as own, pykcov.remote(7):
            old.submit(subject.work, 1).result()
            list(new.map(subject.work, [2]))
            own.submit(subject.work, 5).result()
        asyncio.run(main())
        return client.take()

    plain = ThreadPoolExecutor.submit
    with ThreadPoolExecutor(1) as old:
        assert request() == []
        end = pykcov.follow(ThreadPoolExecutor)
        assert request() == alone(1, 2, 5, 3, 4)
        old.submit(subject.work, 6).result()  # no section
        assert client.take() == []
        end()
        end()
        assert request() == []
    assert ThreadPoolExecutor.submit is plain


def test_a_class_is_followed_as_often_as_it_is_asked_for(client: Collector) -> None:
    def followed() -> bool:
        with ThreadPoolExecutor(1) as pool, pykcov.remote(7):
            pool.submit(subject.work, 1).result()
        return client.take() == alone(1)

    plain = ThreadPoolExecutor.submit
    first, second = (pykcov.follow(ThreadPoolExecutor) for _ in range(2))
    first()
    assert followed()
    first()
    assert followed()
    second()
    assert not followed()
    assert ThreadPoolExecutor.submit is plain


def test_a_class_that_somebody_else_wraps_too(
    client: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = pykcov.follow(ThreadPoolExecutor)
    ours = ThreadPoolExecutor.submit

    def submit(*args: Any) -> Any:
        return ours(*args)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    for expected in (alone(1), []):
        with ThreadPoolExecutor(1) as pool, pykcov.remote(7):
            pool.submit(subject.work, 1).result()
        assert client.take() == expected
        end()
    assert ThreadPoolExecutor.submit is submit
    monkeypatch.undo()
    ThreadPoolExecutor.submit = ours.__wrapped__  # type: ignore[attr-defined, method-assign]


def test_a_subclass_alone(client: Collector) -> None:
    class Own(ThreadPoolExecutor):
        """As people derive from it."""

    end = pykcov.follow(Own)
    with ThreadPoolExecutor(1) as pool, Own(1) as own:
        with pykcov.remote(7):
            pool.submit(subject.work, 1).result()
            own.submit(subject.work, 2).result()
        assert client.take() == alone(2)
    end()
    assert "submit" not in vars(Own)


def test_a_callers_mistakes_are_the_pools() -> None:
    end = pykcov.follow(ThreadPoolExecutor)
    try:
        with ThreadPoolExecutor(1) as pool, pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg]
        with pytest.raises(RuntimeError, match="shutdown"):
            pool.submit(subject.work, 1)
    finally:
        end()
