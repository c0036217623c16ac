"""KCOV_TRACE_CMP over each way into the device, read by a strict client in C."""

from __future__ import annotations

import pytest
from tests.guest.comparing import SIZE, Reader, compared, records
from tests.guest.facts import Clients, facts
from tests.guest.running import Guests
from tests.live import subject

import pykcov
from pykcov.abi.kcov import (
    ENOTSUPP,
    KCOV_DISABLE,
    KCOV_ENABLE,
    KCOV_INIT_TRACE,
    KCOV_TRACE_CMP,
)

pytestmark = pytest.mark.once


def test_a_guest(guests: Guests, clients: Clients) -> None:
    done = guests.run(clients["comparing"], kernel="comparing.py", options=("--comparisons",))
    assert (done.returncode, done.stderr) == (0, "")
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    none = (1, 0, 0)  # found is None
    keys = [(4, 0x68706C61, 0x68706C61), (0, 0x61, 0x65), (6, 5, 5)]
    others = [(4, 0x67656D6F, 0x68706C61), (0, 0x61, 0x65), (6, 5, 5)]
    lengths = [(6, 5, 0), (6, 5, 0)]
    for n in range(4):
        number = [(7, 0x1234567890, n - 2)] if n >= 2 else []
        told = records(f"call {lines[f'call{n}']}")
        assert [one for one in told if one[0] != 7] == [*(keys + others if n else lengths), none]
        assert [one for one in told if one[0] == 7][:1] == number or n < 2
    rest = [line for line in done.stdout.splitlines() if not line.startswith("call")]
    assert rest == [
        "enable 0",
        "garbage stays 1",
        "full 1",
        "disable 0",
        "records after 0",
        "enable blocks 0",
        "is a PC 1",
    ]


def test_a_guest_without_comparisons(guests: Guests, clients: Clients) -> None:
    found = facts(guests, clients["ioctls"])
    assert found["enable comparisons"] == f"-{ENOTSUPP}"


def test_in_process(clients: Clients) -> None:
    with (
        pykcov.instrument(include=["**/tests/live/subject.py"], comparisons=True),
        pykcov.open() as kcov,
    ):
        kcov.ioctl(KCOV_INIT_TRACE, SIZE)
        reader = Reader(clients["comparing"], kcov.fileno())
        kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
        for n in range(20):
            subject.work(n)
            assert reader.take() == compared(n)
        kcov.ioctl(KCOV_DISABLE)
        subject.work(1)
        assert reader.take() == []
        kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
        subject.work(2)
        assert reader.take() == compared(2)
        kcov.ioctl(KCOV_DISABLE)
        reader.end()


def test_without_comparisons_it_is_524() -> None:
    with pykcov.instrument(include=["**/tests/live/subject.py"]), pykcov.open() as kcov:
        kcov.ioctl(KCOV_INIT_TRACE, SIZE)
        with pytest.raises(OSError, match=str(ENOTSUPP)):
            kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
        with pykcov.instrument(include=["**/tests/live/sample.py"], comparisons=True):
            kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
            kcov.ioctl(KCOV_DISABLE)
        with pytest.raises(OSError, match=str(ENOTSUPP)):
            kcov.ioctl(KCOV_ENABLE, KCOV_TRACE_CMP)
