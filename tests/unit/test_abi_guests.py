"""abi/ of guests against the headers of this machine, and structs against its C compiler."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.commands import compiler
from tests.unit.native_raw import values_in_c

from pykcov.abi import seccomp, stat, syscalls
from pykcov.abi.words import int32, int64

pytestmark = pytest.mark.once

SECCOMP = {
    name: name
    for name in vars(seccomp)
    if name.startswith(("SECCOMP_", "AUDIT_")) and not name.endswith("_KILLABLE_RECV")
}
CODES = {
    "BPF_LD_W_ABS": "BPF_LD | BPF_W | BPF_ABS",
    "BPF_ALU_AND_K": "BPF_ALU | BPF_AND | BPF_K",
    "BPF_JMP_JEQ_K": "BPF_JMP | BPF_JEQ | BPF_K",
    "BPF_RET_K": "BPF_RET | BPF_K",
    "DATA_NR": "offsetof(struct seccomp_data, nr)",
    "DATA_ARCH": "offsetof(struct seccomp_data, arch)",
    "DATA_ARGS": "offsetof(struct seccomp_data, args)",
}
CALLS = ("linux/seccomp.h", "linux/filter.h", "linux/audit.h", "stddef.h")

READER = """
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    struct stat s;
    struct statx x;
    if (read(0, &s, sizeof s) != sizeof s || read(0, &x, sizeof x) != sizeof x)
        return 1;
    printf("%lu %lu %lu %u %u %u %ld %ld %ld %ld.%09ld %ld.%09ld %ld.%09ld\\n", s.st_dev, s.st_ino,
           s.st_nlink, s.st_mode, s.st_uid, s.st_gid, s.st_size, s.st_blksize, s.st_blocks,
           s.st_atim.tv_sec, s.st_atim.tv_nsec, s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
           s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
    printf("%u %u %llu %u %u %u %u %llu %u %llu %lld.%09u %lld.%09u %lld.%09u\\n", x.stx_dev_major,
           x.stx_dev_minor, x.stx_ino, x.stx_nlink, x.stx_mode, x.stx_uid, x.stx_gid, x.stx_size,
           x.stx_blksize, x.stx_blocks, x.stx_atime.tv_sec, x.stx_atime.tv_nsec,
           x.stx_mtime.tv_sec, x.stx_mtime.tv_nsec, x.stx_ctime.tv_sec, x.stx_ctime.tv_nsec);
    char buffer[4096];
    long size = read(0, buffer, sizeof buffer);
    for (long at = 0; at < size;) {
        struct dirent64 *entry = (struct dirent64 *)(buffer + at);
        printf("%lu %ld %d %s\\n", entry->d_ino, entry->d_off, entry->d_type, entry->d_name);
        at += entry->d_reclen;
    }
    return 0;
}
"""


@pytest.mark.slow
def test_numbers_of_filters(tmp_path: Path) -> None:
    expressions = {**SECCOMP, **CODES}
    expected = values_in_c(expressions, CALLS, tmp_path)
    assert {name: getattr(seccomp, name) for name in expected} == expected
    assert seccomp.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV == 1 << 5  # newer than some headers
    names = {name for name in vars(seccomp) if name.isupper()}
    assert names == {*expected, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}


@pytest.mark.slow
def test_numbers_of_system_calls() -> None:
    text = subprocess.run(
        [compiler(), "-E", "-dM", "-m64", "-x", "c", "-"],
        input="#include <asm/unistd_64.h>\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if text.returncode != 0:
        pytest.skip("this machine has no <asm/unistd_64.h>")
    known = {
        name: int(number)
        for name, number in re.findall(r"#define __NR_(\w+) (\d+)$", text.stdout, re.MULTILINE)
    }
    assert len(known) > 300
    newer = set(known) - set(syscalls.NUMBER)
    assert all(known[name] > max(syscalls.NAME) for name in newer)
    assert {name: syscalls.NUMBER[name] for name in set(known) - newer} == {
        name: number for name, number in known.items() if name not in newer
    }
    assert len(syscalls.NAME) == len(syscalls.NUMBER)


@pytest.mark.slow
def test_structs_are_what_a_c_compiler_reads(tmp_path: Path) -> None:
    source, made = tmp_path / "reader.c", tmp_path / "reader"
    source.write_text(READER)
    subprocess.run([compiler(), "-o", made, source], check=True)
    times = [1_700_000_000_123_456_789, 5, -1]
    found = stat.Stat(
        0o100640, 77, os.makedev(3, 4), 1000, 100, times[0], times[1], times[2], 1025, 2
    )
    names = [("a", 1, stat.DT_REG), ("longer name", 2, stat.DT_DIR), ("seven77", 3, stat.DT_REG)]
    packed, count = stat.pack_dirents(names, 5, 4096)
    assert count == 3
    data = found.pack() + found.pack_statx() + packed
    out = subprocess.run([made], input=data, capture_output=True, check=True).stdout.decode()
    shown = "1700000000.123456789 0.000000005 -1.999999999"
    assert out.splitlines() == [
        f"{os.makedev(3, 4)} 77 2 {0o100640} 1000 100 1025 4096 3 {shown}",
        f"3 4 77 2 {0o100640} 1000 100 1025 4096 3 {shown}",
        "1 6 8 a",
        "2 7 4 longer name",
        "3 8 8 seven77",
    ]


def test_only_whole_entries_are_packed() -> None:
    names = [(f"file{n}", n, stat.DT_REG) for n in range(10)]
    packed, count = stat.pack_dirents(names, 0, 100)
    assert (len(packed), count) == (96, 3)
    assert stat.pack_dirents(names, 0, 10) == (b"", 0)


@given(st.integers(0, 2**64 - 1))
def test_words_are_signed_as_c_does(word: int) -> None:
    import ctypes

    assert int32(word) == ctypes.c_int32(word & 0xFFFFFFFF).value
    assert int64(word) == ctypes.c_int64(word).value
