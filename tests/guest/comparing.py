"""A client of KCOV_TRACE_CMP in C, and what it finds in the area."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import IO

SIZE = 1 << 12


class Reader:
    """The client, reading an area that was enabled elsewhere."""

    def __init__(self, program: Path, fd: int) -> None:
        self.process = subprocess.Popen(
            [program, str(fd), str(SIZE)],
            pass_fds=[fd],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def take(self) -> list[tuple[int, int, int]]:
        """What it read: type and operands, of which it has extended the signs."""
        to: IO[str] | None = self.process.stdin
        out: IO[str] | None = self.process.stdout
        assert to is not None
        assert out is not None
        to.write("records\n")
        return records(out.readline())

    def end(self) -> None:
        self.process.communicate(timeout=20)
        assert self.process.returncode == 0


def records(line: str) -> list[tuple[int, int, int]]:
    found = []
    for word in line.split()[1:]:
        kind, first, second = word.split(",")
        operands = [int.from_bytes(int(n, 16).to_bytes(8, "little"), "little", signed=True)
                    for n in (first, second)]  # fmt: skip
        found.append((int(kind), *operands))
    return found  # type: ignore[return-value]


def compared(n: int) -> list[tuple[int, int, int]]:
    """What subject.work(n) compares."""
    return [(0, n % 3, bit % 3) for bit in range(6) if not n >> bit & 1]
