"""Each test runs over each way in, and leaves no reference behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.adapter import Device, Task
from tests.conformance.guest import Guest
from tests.conformance.inprocess import InProcess
from tests.conformance.overasocket import OverASocket

from pykcov import errors, probe, refs


@pytest.fixture(scope="module")
def in_process() -> Iterator[Device]:
    device = InProcess()
    yield device
    device.leave()


@pytest.fixture(scope="session")
def guest() -> Iterator[Device]:
    device = Guest()
    yield device
    device.leave()


@pytest.fixture(scope="session")
def socket() -> Iterator[Device]:
    device = OverASocket()
    yield device
    device.leave()


# The CPython makes a difference in the process that is traced, and little beyond it.
WAYS = [
    "in process",
    pytest.param("guest", marks=pytest.mark.once),
    pytest.param("socket", marks=pytest.mark.once),
]


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> Device:
    found: Device = request.getfixturevalue(request.param.replace(" ", "_"))
    return found


@pytest.fixture(autouse=True)
def _own_bugs_and_leaks_fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(errors, "raise_own_bugs", True)
    yield
    left = probe.attached()
    probe.detach()
    assert left is None, "the test's thread is still recorded"
    refs.leak_check()


@pytest.fixture
def device(way: Device) -> Iterator[Device]:
    yield way
    way.stop()


@pytest.fixture
def task(device: Device) -> Task:
    return device.start()
