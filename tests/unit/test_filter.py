"""The filter says of each call what the table says: checked by an interpreter of its own."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pykcov.abi.seccomp import AUDIT_ARCH_X86_64, SECCOMP_RET_ALLOW, SECCOMP_RET_USER_NOTIF
from pykcov.abi.syscalls import NAME, NUMBER
from pykcov.guest.filter import program
from pykcov.kernel import Kernel
from pykcov.kernel.syscall_table import TABLE, Trap

I386 = 0x40000003
WORD = st.integers(0, 2**64 - 1)


def run(code: bytes, number: int, arch: int, args: tuple[int, ...]) -> int:
    """Do what Linux does with a classic BPF program (net/core/filter.c), and check its bounds."""
    data = struct.pack("<iIQ6Q", number, arch, 0, *args)
    instructions = list(struct.iter_unpack("<HBBI", code))
    assert len(instructions) <= 4096
    at, accumulator = 0, 0
    while True:
        operation, true, false, k = instructions[at]
        at += 1
        if operation == 0x06:
            return int(k)
        if operation == 0x20:
            assert k % 4 == 0
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif operation == 0x54:
            accumulator &= k
        elif operation == 0x15:
            at += true if accumulator == k else false
        else:
            raise AssertionError(f"{operation:#x}")


def notifies(
    code: bytes, number: int, args: tuple[int, ...], arch: int = AUDIT_ARCH_X86_64
) -> bool:
    answer = run(code, number, arch, args)
    assert answer in (SECCOMP_RET_ALLOW, SECCOMP_RET_USER_NOTIF)
    return answer == SECCOMP_RET_USER_NOTIF


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "strict"])
def strict(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def filter_of(strict: bool) -> bytes:
    return program({number: each.trap for number, each in Kernel().handlers(strict).items()})


def test_each_number(strict: bool) -> None:
    code = filter_of(strict)
    traps = {row.name: row.trap for row in TABLE}
    for number in [*range(600), 0x40000000 | NUMBER["openat"], 2**31 - 1, -1]:
        trap = traps.get(NAME.get(number, ""))
        always = trap is Trap.ALWAYS or (trap is Trap.STRICT and strict)
        if trap in (None, Trap.ALWAYS, Trap.STRICT):
            assert notifies(code, number, (0,) * 6) == always, number
        assert not notifies(code, number, (0,) * 6, I386)


@given(request=WORD)
def test_requests_of_the_device(request: int) -> None:
    args = (3, request, 0, 0, 0, 0)
    kind = request >> 8 & 0xFF
    assert notifies(filter_of(False), NUMBER["ioctl"], args) == (kind == ord("c"))


@given(flags=WORD)
def test_mappings_of_files(flags: int) -> None:
    args = (0, 4096, 3, flags, 3, 0)
    assert notifies(filter_of(False), NUMBER["mmap"], args) == (not flags & 0x20)
