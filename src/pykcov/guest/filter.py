"""The guest's seccomp filter: which system calls reach the supervisor.

A call that is trapped with any arguments, or with none, costs nothing when it is not trapped: Linux
runs a filter once for each number when it is installed, and keeps a bitmap of those that are always
allowed. Calls of another architecture (int 0x80, x32) have other numbers and go to the host.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pykcov.abi.seccomp import (
    AUDIT_ARCH_X86_64,
    BPF_ALU_AND_K,
    BPF_JMP_JEQ_K,
    BPF_LD_W_ABS,
    BPF_RET_K,
    DATA_ARCH,
    DATA_ARGS,
    DATA_NR,
    SECCOMP_RET_ALLOW,
    SECCOMP_RET_USER_NOTIF,
)
from pykcov.kernel.syscall_table import Trap

_INSTRUCTION = struct.Struct("<HBBI")  # struct sock_filter: code, jt, jf, k

Instruction = tuple[int, int, int, int]


def _load(offset: int) -> Instruction:
    return (BPF_LD_W_ABS, 0, 0, offset)


def _argument(index: int) -> Instruction:
    """Load the low half of an argument."""
    return _load(DATA_ARGS + 8 * index)


_ALLOW: Instruction = (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)
_NOTIFY: Instruction = (BPF_RET_K, 0, 0, SECCOMP_RET_USER_NOTIF)

_MAP_ANONYMOUS = 0x20

# What follows the check of the number. Each ends in a return.
_BODIES: dict[Trap, tuple[Instruction, ...]] = {
    Trap.ALWAYS: (_NOTIFY,),
    Trap.STRICT: (_NOTIFY,),
    Trap.KCOV_REQUEST: (
        _argument(1),
        (BPF_ALU_AND_K, 0, 0, 0xFF00),
        (BPF_JMP_JEQ_K, 0, 1, ord("c") << 8),
        _NOTIFY,
        _ALLOW,
    ),
    Trap.FILE_MAPPING: (
        _argument(3),
        (BPF_ALU_AND_K, 0, 0, _MAP_ANONYMOUS),
        (BPF_JMP_JEQ_K, 0, 1, 0),
        _NOTIFY,
        _ALLOW,
    ),
}


def program(traps: Mapping[int, Trap]) -> bytes:
    """Return the filter that notifies of the calls in `traps`: number, and with what arguments."""
    code: list[Instruction] = [
        _load(DATA_ARCH),
        (BPF_JMP_JEQ_K, 1, 0, AUDIT_ARCH_X86_64),
        _ALLOW,
        _load(DATA_NR),
    ]
    for number, trap in sorted(traps.items()):
        body = _BODIES[trap]
        code += [(BPF_JMP_JEQ_K, 0, len(body), number), *body]
    code.append(_ALLOW)
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in code)
