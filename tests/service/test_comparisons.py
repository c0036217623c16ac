"""A service's comparisons: of its sections, and of all of it, from each of its processes."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from tests.guest.conftest import clients  # noqa: F401 - a fixture
from tests.guest.facts import Clients
from tests.guest.test_comparisons import SIZE, Reader, compared
from tests.service.conftest import Service

import pykcov
from pykcov.abi.kcov import (
    ENOTSUPP,
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_REMOTE_ENABLE,
    KCOV_TRACE_CMP,
)
from pykcov.device.remote_arg import RemoteArg
from pykcov.request_marks import handle_of
from pykcov.service.watch import Watch

Start = Callable[..., Service]


@pytest.mark.parametrize(("workers", "method"), [(0, "fork"), (2, "fork"), (2, "spawn")])
def test_sections(start: Start, workers: int, method: str) -> None:
    service = start(workers, method, "comparisons")
    device = pykcov.connect(service.name)
    with device.remote(7, comparisons=True) as t, device.remote(8) as blocks:
        for n in range(6):
            assert service.request(7, n) == "whole"
            assert [(0, one.left, one.right) for one in t.comparisons] == compared(n)
            assert {one.where.function for one in t.comparisons} == {"work"}
            t.clear()
        service.request(8, 1)
        assert len(blocks.pcs) > 1
        assert list(t.pcs) == []
        service.request(7, 2)
    assert t.complete
    assert len(t.comparisons) == len(compared(2))


@pytest.mark.parametrize("workers", [0, 2])
def test_enable_from_outside(start: Start, clients: Clients, workers: int) -> None:  # noqa: F811
    """KCOV_ENABLE collects from all of its processes; the reader is a program in C."""
    service = start(workers, "fork", "comparisons")
    with pykcov.connect(service.name).open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, SIZE)
        area = descriptor.area()
        reader = Reader(clients["comparing"], area)
        os.close(area)
        for _ in range(2):
            descriptor.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
            for n in range(6):
                service.request("nobody's", n)
                assert reader.take() == compared(n)
            descriptor.ioctl(KCOV_DISABLE)
            service.request("nobody's", 1)
            assert reader.take() == []
        reader.end()


def test_a_section_finds_room_for_whole_records(start: Start, clients: Clients) -> None:  # noqa: F811
    service = start(0, "fork", "comparisons")
    with pykcov.connect(service.name).open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, SIZE)
        area = descriptor.area()
        reader = Reader(clients["comparing"], area)
        os.close(area)
        arg = RemoteArg(KCOV_TRACE_CMP, 12, 0, (handle_of("small"),))  # two records and a half
        descriptor.ioctl(KCOV_REMOTE_ENABLE, arg.encode())
        assert service.request("small", 0) == "cut"
        assert reader.take() == compared(0)[:2]
        reader.end()


def test_where_no_comparison_is_instrumented(start: Start) -> None:
    service = start()
    device = pykcov.connect(service.name)
    with pytest.raises(OSError, match=str(ENOTSUPP)), device.remote(7, comparisons=True):
        pass


def test_who_watches_sees_no_blocks_of_them(start: Start) -> None:
    service = start(0, "fork", "comparisons")
    device = pykcov.connect(service.name)
    with Watch(service.name) as watch:
        with device.remote(7, comparisons=True):
            service.request(7, 1)
        service.request(9, 1)
        seen = [(one.handle, len(one.pcs) > 0) for one in watch.finished()]
    assert seen == [(handle_of(7), False), (handle_of(9), True)]
