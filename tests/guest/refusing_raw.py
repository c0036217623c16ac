"""Program: execute a command whose system calls a filter refuses, as a container's does.

refusing_raw.py CALL ERRNO CMD args; CALL is a name, or name:INDEX=VALUE for an argument's value;
ERRNO may be KILL.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from pykcov.abi.seccomp import (
    BPF_JMP_JEQ_K,
    BPF_LD_W_ABS,
    BPF_RET_K,
    DATA_ARGS,
    DATA_NR,
    SECCOMP_RET_ALLOW,
)
from pykcov.abi.syscalls import NUMBER

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2
_RET_ERRNO, _RET_KILL_PROCESS = 0x00050000, 0x80000000


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def refuse(call: str, error: int | None) -> None:
    """Have this process, and what it starts, get `error` for a call; None: be killed by it."""
    name, _, condition = call.partition(":")
    code = [(BPF_LD_W_ABS, 0, 0, DATA_NR), (BPF_JMP_JEQ_K, 1, 0, NUMBER[name])]
    code.append((BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW))
    if condition:
        index, _, value = condition.partition("=")
        code.append((BPF_LD_W_ABS, 0, 0, DATA_ARGS + 8 * int(index)))
        code.append((BPF_JMP_JEQ_K, 1, 0, int(value, 0)))
        code.append((BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW))
    action = _RET_KILL_PROCESS if error is None else _RET_ERRNO | error
    code.append((BPF_RET_K, 0, 0, action))
    program = _Program(len(code), b"".join(struct.pack("<HBBI", *each) for each in code))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments) < 0:
            raise OSError(ctypes.get_errno(), "prctl")


def main() -> None:
    call, name, *command = sys.argv[1:]
    refuse(call, None if name == "KILL" else getattr(errno, name))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
