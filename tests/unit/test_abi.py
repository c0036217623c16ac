"""abi/ against the headers of this machine."""

from __future__ import annotations

import ast
import errno
from pathlib import Path

import pytest
from tests.unit.native_raw import values_in_c

from pykcov.abi import ioctl, kcov

pytestmark = pytest.mark.once

# Not merged, so in no header.
PROPOSED = {
    "KCOV_UNIQUE_ENABLE": "_IOW('c', 103, unsigned long)",
    "KCOV_RESET_TRACE": "_IO('c', 104)",
}
IN_HEADER = (
    "KCOV_INIT_TRACE",
    "KCOV_ENABLE",
    "KCOV_DISABLE",
    "KCOV_REMOTE_ENABLE",
    "KCOV_TRACE_PC",
    "KCOV_TRACE_CMP",
    "KCOV_CMP_CONST",
    "INT_MAX",
)
IOC = (
    "_IOC_NRBITS",
    "_IOC_TYPEBITS",
    "_IOC_SIZEBITS",
    "_IOC_NRSHIFT",
    "_IOC_TYPESHIFT",
    "_IOC_SIZESHIFT",
    "_IOC_DIRSHIFT",
    "_IOC_NONE",
    "_IOC_WRITE",
    "_IOC_READ",
)
EXPRESSIONS = {
    "WORD": "sizeof(unsigned long)",
    "_UNSIGNED_LONG": "sizeof(unsigned long)",
    "_STRUCT_KCOV_REMOTE_ARG": "sizeof(struct kcov_remote_arg)",
    "SIZE_MAX": "INT_MAX / sizeof(unsigned long)",
    "KCOV_CMP_SIZE_SHIFT": "__builtin_ctz(KCOV_CMP_SIZE(1))",
    **PROPOSED,
}
# Known from Linux's sources alone: kernel/kcov.c, include/linux/kcov.h, include/linux/errno.h.
INTERNAL = {
    "KCOV_MODE_DISABLED": 0,
    "KCOV_MODE_INIT": 1,
    "KCOV_MODE_TRACE_PC": 2,
    "KCOV_MODE_TRACE_CMP": 3,
    "KCOV_MODE_REMOTE": 4,
    "KCOV_MODE_UNIQUE_PC": 5,  # of the proposal
    "CMP_WORDS": 4,
    "SIZE_MIN": 2,
    "ENOTSUPP": 524,
    "PC_START": 0xFFFFFFFF80000000,
    "PC_END": 0xFFFFFFFFFF000000,
    "PC_SPACING": 8,
}
# In the header by other names, or pykcov's own.
HANDLES = {
    "KCOV_SUBSYSTEM_MASK": "KCOV_SUBSYSTEM_MASK",
    "KCOV_INSTANCE_MASK": "KCOV_INSTANCE_MASK",
    "KCOV_SUBSYSTEM_COMMON": "KCOV_SUBSYSTEM_COMMON >> 56",
    "KCOV_SUBSYSTEM_USB": "KCOV_SUBSYSTEM_USB >> 56",
    "KCOV_REMOTE_MAX_HANDLES": "KCOV_REMOTE_MAX_HANDLES",
}
OWN = {"KCOV_SUBSYSTEM_PYKCOV": 0x70}


@pytest.mark.slow
def test_ioc_macros(tmp_path: Path) -> None:
    expected = values_in_c({name: name for name in IOC}, ("sys/ioctl.h",), tmp_path)
    assert {name: getattr(ioctl, name) for name in IOC} == expected


@pytest.mark.slow
def test_builders(tmp_path: Path) -> None:
    cases = {
        "_IO('c', 100)": ioctl.IO("c", 100),
        "_IO('T', 255)": ioctl.IO("T", 255),
        "_IOR('c', 1, unsigned long)": ioctl.IOR("c", 1, 8),
        "_IOR('c', 1, char[16383])": ioctl.IOR("c", 1, 16383),
        "_IOW('!', 2, int)": ioctl.IOW("!", 2, 4),
        "_IOC(_IOC_READ|_IOC_WRITE,'x',3,12)": ioctl.IOC(3, "x", 3, 12),
    }
    named = {f"case{n}": text for n, text in enumerate(cases)}
    assert list(values_in_c(named, ("sys/ioctl.h",), tmp_path).values()) == list(cases.values())


@pytest.mark.slow
def test_kcov_numbers(tmp_path: Path) -> None:
    internal = {"KCOV_REMOTE_MAX_HANDLES": "0x100"}  # of kernel/kcov.c
    handles = {**HANDLES, **internal}
    expressions = {**{name: name for name in IN_HEADER}, **EXPRESSIONS, **handles}
    expected = values_in_c(expressions, ("sys/ioctl.h", "linux/kcov.h"), tmp_path)
    assert {name: getattr(kcov, name) for name in expected} == expected


def test_internal_numbers() -> None:
    known = {**INTERNAL, **OWN}
    assert {name: getattr(kcov, name) for name in known} == known
    assert kcov.ENOTSUPP not in errno.errorcode


def test_every_name_is_compared() -> None:
    compared = {*IOC, *IN_HEADER, *EXPRESSIONS, *INTERNAL, *HANDLES, *OWN}
    for module in (ioctl, kcov):
        tree = ast.parse(Path(str(module.__file__)).read_text())
        names = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert names <= compared
