"""pykcov guest --device: an unmodified kcov client collects from a running service."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.commands import compiler, run
from tests.service.collecting import Alone
from tests.service.talking import Service, Start, Talking

import pykcov
from pykcov.errors import PykcovError
from pykcov.guest.launch import check_machine

pytestmark = [pytest.mark.once]

HERE = Path(__file__).parent

try:
    check_machine()
except PykcovError as error:
    pytestmark.append(pytest.mark.skip(reason=str(error)))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("client") / "client"
    source = HERE / "guest_client.c"
    run(compiler(), "-Wall", "-Werror", "-pthread", "-o", made, source, status=0)
    return made


@contextmanager
def guest(service: Service, *command: str) -> Iterator[Talking]:
    words = ("-m", "pykcov", "guest", "--device", service.name, "--", *command)
    with Talking(sys.executable, *words) as talking:
        yield talking
        assert talking.end() == 0


def taken(talking: Talking) -> list[int]:
    return [int(word, 16) for word in talking.ask().split()]


def released(service: Service) -> None:
    deadline = time.monotonic() + 10
    while pykcov.connect(service.name).info["descriptors"]:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("how", ["plainly", "thread", "child", "left"])
@pytest.mark.parametrize("handle", [0, pykcov.handle_of(7)])
def test_an_unmodified_client(
    start: Start,
    alone: Alone,
    client: Path,
    handle: int,
    how: str,
    workers: int,
) -> None:
    service = start(workers)
    with guest(service, str(client), how, hex(handle)) as talking:
        assert talking.line() == "ready"
        for n in range(4):
            service.request(7 if handle else 8, n)
            assert taken(talking) == alone(n)
        if handle:
            service.request(8, 1)
            assert taken(talking) == []
    released(service)
    with pykcov.connect(service.name).remote(7) as t:
        service.request(7, 5)
    assert list(t.pcs) == alone(5)


def test_the_service_dies(start: Start, alone: Alone, client: Path) -> None:
    service = start()
    with guest(service, str(client), "left") as talking:
        assert talking.line() == "ready"
        service.request(8, 1)
        service.process.kill()
        service.process.wait()
        assert taken(talking) == alone(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "nobody"], "no process shows a device as 'nobody'"),
        (["--device", "a/b"], "can't be a device's name"),
        (["--device", "x", "--source", "."], "--device collects from another"),
    ],
)
def test_refused(options: list[str], message: str) -> None:
    command = [sys.executable, "-m", "pykcov", "guest", *options, "--", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert message in line
