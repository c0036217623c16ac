"""Clients in C: compiled once, run as guests; what they print, one fact a line."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.commands import compiler

if TYPE_CHECKING:
    from tests.guest.running import Guests

HERE = Path(__file__).parent
CFLAGS = ("-O1", "-Wall", "-Werror", "-pthread")


class Clients:
    """The programs of tests/guest/clients, made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Path:
        """The program made of NAME.c; of "NAME-static" without shared libraries."""
        program = self._folder / name
        if not program.exists():
            source, _, static = name.partition("-")
            flags = ["-static"] if static else []
            command = [compiler(), *CFLAGS, *flags, "-o", str(program)]
            command.append(str(HERE / "clients" / f"{source}.c"))
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if static and "cannot find -l" in done.stderr:
                pytest.skip("no static C library")
            assert done.returncode == 0, done.stderr
        return program


def facts_of(text: str) -> dict[str, str]:
    """Name and value of each line; the value is the last word. Names occur once."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        assert name not in found, line
        found[name] = value
    return found


def expected(text: str) -> dict[str, str]:
    """Of a table of facts as a test has it: one a line, or several with ";" between."""
    lines = (line.strip() for row in text.strip().splitlines() for line in row.split(";"))
    return facts_of("\n".join(line for line in lines if line))


def traces_of(text: str) -> dict[str, list[int]]:
    """Of lines "NAME PC PC ...": the PCs by name."""
    found = {}
    for line in text.splitlines():
        name, *words = line.split(" ffffffff")
        if words:
            found[name] = [int("ffffffff" + word, 16) for word in words]
    return found


def facts(guests: Guests, *argv: Any, kernel: str = "counting.py", **more: Any) -> dict[str, str]:
    """What a guest says that succeeds, and that pykcov has nothing to say of."""
    done = guests.run(*argv, kernel=kernel, **more)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return facts_of(done.stdout)
