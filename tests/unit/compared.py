"""Compare two values in instrumented code, and read the records as a client does."""

from __future__ import annotations

import mmap
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.rewritten import COMPARED, rewrite_text

from pykcov import probe
from pykcov.reader.comparisons import Comparison, Record, comparisons, records
from pykcov.symbols.store import SymbolStore

STORE = SymbolStore(Path(tempfile.mkdtemp(prefix="pykcov-test-")) / "symbols.sqlite")
AREA = mmap.mmap(-1, 1 << 20)

Function = Callable[..., Any]


def both(expression: str, parameters: str = "a, b") -> tuple[Function, Function]:
    """Return a function of an expression, plain and instrumented."""
    text = f"def f({parameters}):\n    return {expression}\n"
    made = []
    for code in rewrite_text(text, STORE, COMPARED):
        names: dict[str, Any] = {}
        exec(code, names)
        made.append(names["f"])
    return made[0], made[1]


def record(function: Function, *args: Any, area: mmap.mmap = AREA) -> Any:
    """Call a function with its comparisons recorded; return the result or the error's type."""
    area[:8] = bytes(8)
    probe.attach(probe.Recorder(area, comparisons=True))
    try:
        return function(*args)
    except Exception as error:
        return type(error)
    finally:
        probe.detach()


def raw(area: mmap.mmap = AREA) -> list[Record]:
    """The records, by the layout of Linux's documentation alone."""
    (count,) = struct.unpack_from("<Q", area)
    assert 8 + 32 * count <= len(area)
    return [struct.unpack_from("<4Q", area, 8 + 32 * n) for n in range(count)]


def strict(found: list[Record]) -> None:
    """Assert what clients of Linux expect of each record."""
    for kind, first, second, pc in found:
        assert kind <= 7
        bits = 8 << (kind >> 1)
        assert first >> bits == second >> bits == 0, "zero-extended"
        assert 0xFFFFFFFF80000000 <= pc < 0xFFFFFFFFFF000000


def seen() -> list[Comparison]:
    """What pykcov's own reader makes of them."""
    assert raw() == records(AREA)
    return list(comparisons(raw(), STORE))
