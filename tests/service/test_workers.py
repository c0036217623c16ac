"""One descriptor collects from every worker of a service: forked, spawned, or started later."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.service.conftest import Service
from tests.service.talking import Talking
from tests.service.test_device import alone  # noqa: F401 - a fixture

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE, WORD
from pykcov.service.client import Device
from pykcov.service.socket_descriptor import SocketDescriptor

Start = Callable[..., Service]
Alone = Callable[[int], list[int]]
SIZE = 1 << 16
METHODS = ["fork", "spawn", "forkserver"]


def enabled(device: Device, recording_mode: str = "trace") -> tuple[SocketDescriptor, mmap.mmap]:
    descriptor = device.open(recording_mode)
    descriptor.ioctl(KCOV_INIT_TRACE, SIZE)
    area = descriptor.mmap(SIZE * WORD)
    descriptor.ioctl(KCOV_ENABLE)
    return descriptor, area


def take(area: mmap.mmap) -> list[int]:
    """What is in an area; then store 0."""
    with memoryview(area) as view, view.cast("Q") as words:
        found = words[1 : 1 + words[0]].tolist()
        words[0] = 0
    return found


def once(pcs: list[int]) -> list[int]:
    return list(dict.fromkeys(pcs))


@pytest.mark.parametrize("method", METHODS)
def test_sections(start: Start, alone: Alone, method: str) -> None:  # noqa: F811
    service = start(2, method)
    device = pykcov.connect(service.name)
    with device.remote(7) as t:
        for n in range(6):
            if n == 3:
                assert service.ask("+") == "started"
            assert service.request(7, n) == "whole"
            assert list(t.pcs) == alone(n)
            assert t.complete
            t.clear()
    assert not t.complete  # nothing began since then


@pytest.mark.parametrize("method", METHODS)
def test_enable(start: Start, alone: Alone, method: str) -> None:  # noqa: F811
    service = start(2, method)
    device = pykcov.connect(service.name)
    for _ in range(2):
        descriptor, area = enabled(device)
        with descriptor:
            for n in range(6):
                if n == 3:
                    assert service.ask("+") == "started"
                    imported = take(area)  # a new interpreter imports what is instrumented
                    assert bool(imported) == (method != "fork")
                service.request(8, n)
                assert take(area) == alone(n)
            with device.remote(7) as t:  # a section is nobody else's
                service.request(7, 5)
            assert (list(t.pcs), take(area)) == (alone(5), [])
            descriptor.ioctl(KCOV_DISABLE)
            for n in range(4):
                service.request(8, n)
            assert take(area) == []


def test_a_fork_while_the_service_is_recorded(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start()
    descriptor, area = enabled(pykcov.connect(service.name))
    with descriptor:
        service.request(8, 1)
        assert take(area) == alone(1)
        assert service.ask("+") == "started"
        assert take(area) == []
        service.request(8, 2)
        assert take(area) == alone(2)


@pytest.mark.parametrize("method", METHODS)
def test_blocks(start: Start, alone: Alone, method: str) -> None:  # noqa: F811
    """Each block once, in the order of the first hits, until the client stores 0."""
    service = start(3, method)
    descriptor, area = enabled(pykcov.connect(service.name), "blocks")
    with descriptor:
        for n in range(12):
            service.request(8, n)
            assert take(area) == once(alone(n))
        expected: list[int] = []
        for n in range(9):
            service.request(8, n)
            expected += alone(n)
        found = take(area)
        # Workers list their blocks on their own: each has what its three requests executed.
        of_workers = [once([pc for n in range(w, 9, 3) for pc in alone(n)]) for w in range(3)]
        assert Counter(found) == Counter(pc for listed in of_workers for pc in listed)
        descriptor.ioctl(KCOV_DISABLE)


def test_blocks_of_a_service_without_workers(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start()
    descriptor, area = enabled(pykcov.connect(service.name), "blocks")
    with descriptor:
        service.request(8, 1)
        service.request(8, 1)
        service.request(8, 2)
        assert take(area) == once(alone(1) + alone(2))
        service.request(8, 2)
        assert take(area) == once(alone(2))
        descriptor.ioctl(KCOV_DISABLE)
        descriptor.ioctl(KCOV_ENABLE)
        service.request(8, 2)
        assert take(area) == once(alone(2))


def test_an_area_that_is_full_lists_the_rest_later(start: Start, alone: Alone) -> None:  # noqa: F811
    service = start(1)
    with pykcov.connect(service.name).open("blocks") as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        area = descriptor.mmap(512 * WORD)
        with memoryview(area) as view, view.cast("Q") as words:
            descriptor.ioctl(KCOV_ENABLE)
            few = min(range(64), key=lambda n: len(set(alone(n))))
            first = once(alone(few))
            service.request(8, few)
            assert words[0] == len(first)
            words[0] = 511  # as if it were full
            other = max(range(64), key=lambda n: len(set(alone(n)) - set(first)))
            rest = [pc for pc in once(alone(other)) if pc not in first]
            assert rest
            service.request(8, other)
            assert words[0] == 511
            words[0] = 1
            service.request(8, other)
            assert words[2 : 1 + words[0]].tolist() == rest


@pytest.mark.parametrize("recording_mode", ["trace", "blocks"])
def test_workers_at_once(start: Start, alone: Alone, recording_mode: str) -> None:  # noqa: F811
    """All that they execute is there, each record whole, and each worker's in its order."""
    service = start(4)
    descriptor, area = enabled(pykcov.connect(service.name), recording_mode)
    rounds = 40
    with descriptor:
        for _ in range(3):
            for i in range(4 * rounds):
                service.begin(8, i % 4)
            for _ in range(4 * rounds):
                service.line()
            found = Counter(take(area))
            if recording_mode == "trace":
                expected = Counter(pc for n in range(4) for pc in alone(n) * rounds)
            else:
                expected = Counter(pc for n in range(4) for pc in once(alone(n)))
            assert found == expected


def test_workers_that_are_killed_in_the_middle(start: Start, alone: Alone) -> None:  # noqa: F811
    """What they leave is records that were executed, and others go on at once."""
    service = start(4)
    device = pykcov.connect(service.name)
    known = {pc for n in range(8) for pc in alone(n)}
    descriptor, area = enabled(device)
    with descriptor:
        victim = int(service.ask("pid"))
        for i in range(400):
            service.begin(8, i % 8)
        os.kill(victim, signal.SIGKILL)
        for _ in range(100):
            assert service.line() == "whole"
        with memoryview(area) as view, view.cast("Q") as words:
            assert set(words[1 : 1 + words[0]].tolist()) <= known
        descriptor.ioctl(KCOV_DISABLE)
        last = take(area)
        assert set(last) <= known
        assert take(area) == []


def test_interpreters_that_have_nothing_to_do_with_it(start: Start) -> None:
    """Without the variable nothing of pykcov is imported; of a device that is gone, no word."""
    command = [sys.executable, "-c", "import sys; print('pykcov' in sys.modules)"]
    clean = {name: value for name, value in os.environ.items() if name != "PYKCOV_JOIN"}
    done = subprocess.run(command, capture_output=True, text=True, env=clean, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
    gone = {**clean, "PYKCOV_JOIN": "nobody"}
    done = subprocess.run(command, capture_output=True, text=True, env=gone, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


PROGRAM = """
import multiprocessing, subprocess, sys
import pykcov

def work(n):
    if n > 2:
        return "more"
    return "less"

def child():
    with pykcov.remote(7):
        work(3)

if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    if sys.argv[1] == "-m":
        subprocess.run([sys.executable, "-m", "module"], check=True)
    else:
        process = multiprocessing.get_context(sys.argv[1]).Process(target=child)
        process.start()
        process.join()
    print("done", flush=True)
    sys.stdin.readline()
elif __name__ == "module":
    raise AssertionError
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "-m"])
def test_main_modules_of_workers(method: str, tmp_path: Path) -> None:
    """They are not imported, and have their probes all the same."""
    program, name = tmp_path / "program.py", f"main-{os.getpid()}"
    program.write_text(PROGRAM, encoding="utf-8")
    main = PROGRAM.replace('if __name__ == "__main__":', "if True:\n    child()\nelif False:")
    (tmp_path / "module.py").write_text(main, encoding="utf-8")
    command = [sys.executable, "-m", "pykcov", "run", "--device", name, "--source", str(tmp_path)]
    with Talking(*command, program, method, cwd=tmp_path) as talking:
        assert talking.line() == "ready"
        with pykcov.connect(name).remote(7) as t:
            assert talking.ask("go") == "done"
        of = "module.py" if method == "-m" else "program.py"
        assert {Path(block.file).name for block in t.blocks} == {of}
        assert [block.function for block in t.blocks] == ["work", "work"]
