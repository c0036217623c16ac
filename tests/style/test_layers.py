"""Imports point downwards only: abi and refs at the bottom, the command line at the top."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

PACKAGE = Path(__file__).parents[2] / "src" / "pykcov"

# A layer may import from those above it in this list, which are below it in the building.
LAYERS = (
    "abi",
    "errors",
    "closing",
    "refs",
    "saying",
    "probe",
    "aside",
    "forks",
    "symbols",
    "home",
    "patience",
    "lineage",
    "store",
    "instrumentation",
    "area",
    "kernel",
    "device",
    "guest",
    "reader",
    "coverage",
    "endings",
    "report",
    "counting",
    "children",
    "tracing",
    "remoting",
    "following",
    "service",
    "started",
    "marks",
    "__init__",
    "cli",
    "pytest_plugin",
    "__main__",
)
# Readers meet the writer in the area and in the ioctl numbers, and nowhere else.
READER_MAY = {"abi", "errors", "symbols", "store", "reader"}


def layer_of(path: Path) -> str:
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
                yield found if found in LAYERS else "__init__"


FILES = sorted(PACKAGE.rglob("*.py"))


def test_every_file_has_a_layer() -> None:
    assert {layer_of(path) for path in FILES} <= set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    own = layer_of(path)
    for imported in imports(path):
        assert LAYERS.index(imported) <= LAYERS.index(own), f"{own} imports {imported}"
        if own == "reader":
            assert imported in READER_MAY
        if own == "abi":
            assert imported == "abi"
