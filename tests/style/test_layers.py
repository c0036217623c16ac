"""Imports point downwards only, between floors of the building and between files, those of types
included: abi and errors are at the bottom, the command line is at the top."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

PACKAGE = Path(__file__).parents[2] / "src" / "pykcov"

# The way of the data, from below: a floor may import those that stand before it.
FLOORS = (
    ("abi", "errors", "closing", "refs", "notices", "lock_budget", "progress"),
    ("probe",),
    ("background", "forks"),
    ("symbols",),
    ("instrumentation", "device", "reader", "kernel"),
    ("guest", "tracing", "request_marks", "propagation", "measure"),
    ("report", "service"),
    ("marks", "startup", "__init__"),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: n for n, floor in enumerate(FLOORS) for room in floor}
# Readers meet the writer in the area and in the ioctl numbers, and nowhere else.
READER_MAY = {"abi", "errors", "symbols", "reader"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "pykcov":
                found = parts[1] if len(parts) > 1 else "__init__"
                yield found if found in FLOOR else "__init__"


FILES = sorted(PACKAGE.rglob("*.py"))


def test_every_file_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} == set(FLOOR)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    own = room_of(path)
    for imported in imports(path):
        below = FLOOR[imported] < FLOOR[own] or imported == own
        assert below, f"{own} imports {imported}"
        if own == "reader":
            assert imported in READER_MAY
        if own == "abi":
            assert imported == "abi"


def modules_of(path: Path) -> Iterator[Path]:
    """Yield the files of pykcov that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            found = PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")
            if found in FILES:
                yield found


def test_no_circle_of_files() -> None:
    TopologicalSorter({path: set(modules_of(path)) - {path} for path in FILES}).prepare()


def test_no_circle_of_headers() -> None:
    headers = {path.name: path for path in PACKAGE.rglob("*.h")}
    included = re.compile(r'#include "(\w+\.h)"')
    TopologicalSorter(
        {name: set(included.findall(path.read_text())) for name, path in headers.items()}
    ).prepare()
