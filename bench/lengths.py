"""Instrumenting long functions and modules: does the time grow with the length, or faster?"""

from __future__ import annotations

import gc
import time
from pathlib import Path
from types import CodeType
from typing import Any

from pykcov.instrumentation import unit as units
from pykcov.instrumentation.options import Options
from pykcov.symbols.store import SymbolStore

# What begins a text, and what is repeated.
KINDS = {
    "branches of a module": ("", "if a == {k}:\n    b = a\nelse:\n    c = {k}\n"),
    "branches of a function": ("def f(t):\n", "    t += {k} if t % 3 else -{k}\n"),
    "try statements": ("def f(g):\n", "    try: g({k})\n    except E: g(0)\n    finally: g(1)\n"),
    "cases of a match": ("def f(x):\n    match x:\n", "        case [{k}, y]: z = y\n"),
    "functions": ("", "def f{k}(a):\n    if a: return {k}\n    return a\n"),
}
OPTIONS = {
    "default": Options(),
    "by line": Options(by_line=True),
    "pruned": Options(prune=True),
    "comparisons": Options(comparisons=True),
}
SHORT, TIMES = 1000, 8


def _code(kind: str, count: int) -> tuple[bytes, CodeType]:
    begin, repeated = KINDS[kind]
    text = begin + "".join(repeated.format(k=k) for k in range(count))
    return text.encode(), compile(text, f"{kind}.py", "exec")


def _seconds(data: bytes, code: CodeType, options: Options, store: SymbolStore) -> float:
    """Return the CPU time of instrumenting a compiled text, with its place in the store."""
    units._probes.clear()
    gc.collect()
    began = time.process_time()
    unit = units.Unit(code.co_filename, data, code, 0, options)
    unit.rewriter(store, None)(code)
    return time.process_time() - began


def bench(folder: Path, turns: int, size: int = SHORT) -> dict[str, dict[str, dict[str, float]]]:
    """Return by kind and options: milliseconds of the long text, and how often it takes the time
    of one of `size`, an eighth of it. The least of several turns each."""
    store = SymbolStore(folder / "lengths.sqlite")
    found: dict[str, Any] = {}
    for kind in KINDS:
        short, long = _code(kind, size), _code(kind, size * TIMES)
        for name, options in OPTIONS.items():
            least, most = (
                min(_seconds(*text, options, store) for _ in range(turns)) for text in (short, long)
            )
            one = {"ms": round(1000 * most, 1), "to short": round(most / least, 2)}
            found.setdefault(kind, {})[name] = one
            print(f"  {kind}, {name}: {one}", flush=True)
    return found
