"""What instrumenting costs: imports beside plain ones from .pyc files, with a store that has never
seen the modules (cold), and one that has (warm); and the same rewriting by the `bytecode` package.

Each import is made by a process of its own (importing.py).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import thread_time_ns
from types import CodeType
from typing import Any

from bench.compare import spread
from bench.machine import first_in_line
from bench.native_code import ROOT
from bench.programs import installed
from bench.rows import prunes
from pykcov.instrumentation.unit import Unit
from pykcov.symbols.blocks import FileSymbols
from pykcov.symbols.identity import Range
from pykcov.symbols.store import SymbolStore

PACKAGES = {
    "docutils": ("docutils.core", "docutils.parsers.rst", "docutils.writers.html5_polyglot"),
    "html5lib": ("html5lib", "html5lib.treebuilders.etree", "html5lib.treewalkers.etree"),
    "lark": ("lark", "lark.indenter"),
    "mako": ("mako.template", "mako.lookup"),
    "markdown_it": ("markdown_it",),
    "sqlparse": ("sqlparse",),
}


def _import(how: str, names: str, preloaded: str, store: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.importing", how, names, preloaded]
    env = {**os.environ, "PYTHONHASHSEED": "0", "PYKCOV_STORE": str(store)}
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _lines(paths: list[str]) -> int:
    return sum(Path(path).read_bytes().count(b"\n") for path in paths)


def _by_bytecode(code: CodeType) -> CodeType:
    """Load a constant, invert it and drop it at the head of each basic block."""
    from bytecode import Bytecode, ControlFlowGraph, Instr

    graph = ControlFlowGraph.from_bytecode(Bytecode.from_code(code))
    for block in graph:
        if any(isinstance(i, Instr) and i.name != "RESUME" for i in block):
            block[0:0] = [Instr("LOAD_CONST", None), Instr("UNARY_INVERT"), Instr("POP_TOP")]
    new: CodeType = graph.to_code()
    return new.replace(
        co_consts=tuple(_by_bytecode(c) if isinstance(c, CodeType) else c for c in new.co_consts)
    )


class _Numbers(SymbolStore):
    """Gives out ranges as a store does, and keeps nothing."""

    def registered(self, symbols: FileSymbols) -> Range:
        self.last = getattr(self, "last", 0) + len(symbols.spans)
        return Range("", self.last, "")


def _by_pykcov(path: str, text: bytes, code: CodeType, store: SymbolStore) -> None:
    """Find the blocks of a file, and put probes into its code."""
    assert Unit(path, text, code, 0).rewriter(store, None)(code) is not None


def _rewriting(paths: list[str], least: int) -> Iterator[tuple[str, float]]:
    """Lines a second of compile(), of pykcov's rewriting without its store and its cache, and of
    the bytecode package. It can't do each file."""
    chosen, lines = [], 0
    for path in paths:
        text = Path(path).read_bytes()
        code = compile(text, path, "exec", dont_inherit=True)
        if installed("bytecode"):
            try:
                _by_bytecode(code)
            except Exception as error:
                print(f"  the bytecode package can't rewrite {Path(path).name}: {error!r}")
                continue
        chosen.append((path, text, code))
        lines += text.count(b"\n")
        if lines >= least:
            break
    with first_in_line():
        start = thread_time_ns()
        for path, text, _ in chosen:
            compile(text, path, "exec", dont_inherit=True)
        yield "compile()", lines / (thread_time_ns() - start) * 1e9
    with first_in_line():
        start, store = thread_time_ns(), _Numbers(Path("/no/such/store"))
        for path, text, code in chosen:
            _by_pykcov(path, text, code, store)
        yield "rewriting", lines / (thread_time_ns() - start) * 1e9
    if installed("bytecode"):
        with first_in_line():
            start = thread_time_ns()
            for _, _, code in chosen:
                _by_bytecode(code)
            yield "bytecode package", lines / (thread_time_ns() - start) * 1e9


def bench(turns: int, one: bool) -> dict[str, Any]:
    """Measure; returns ratios to the plain import, and lines a second. one: of the packages."""
    packages = {name: modules for name, modules in PACKAGES.items() if installed(name)}
    if one:
        packages = dict(list(packages.items())[-1:])
    if not packages:
        return {}
    names = ",".join(module for modules in packages.values() for module in modules)
    took: dict[str, list[float]] = {}
    speed: dict[str, list[float]] = {}

    def note(what: str, answer: dict[str, Any]) -> float:
        took.setdefault(what, []).append(answer["ns"])
        return float(answer["ns"])

    with tempfile.TemporaryDirectory(prefix="pykcov-bench-") as folder:
        first = _import("plain", names, "", Path(folder, "none"))
        preloaded = ",".join(first["others"])
        files = [path for path in first["files"] if path.endswith(".py")]
        lines, blocks = _lines(files), 0
        for turn in range(turns):
            kinds = ["imported", "pruned"] if prunes() else ["imported"]
            plain = note("plain", _import("plain", names, preloaded, Path(folder, "none")))
            for kind in kinds:
                store = Path(folder, f"{turn}-{kind}", "symbols.sqlite")
                cold = note(f"{kind}, cold", _import(kind, names, preloaded, store))
                note(f"{kind}, warm", _import(kind, names, preloaded, store))
                if kind == "imported":
                    speed.setdefault("import", []).append(lines / (cold - plain) * 1e9)
            store = Path(folder, f"{turn}-present", "symbols.sqlite")
            present = _import("present", names, preloaded, store)
            blocks = present["blocks"]
            speed.setdefault("in place", []).append(lines / note("present, cold", present) * 1e9)
            note("present, warm", _import("present", names, preloaded, store))
            for what, rate in _rewriting(files, 4000):
                speed.setdefault(what, []).append(rate)
    ratios = {
        what: spread([a / b for a, b in zip(values, took["plain"], strict=True)])
        for what, values in took.items()
    }
    return {
        "packages": list(packages),
        "files": len(files),
        "lines": lines,
        "blocks": blocks,
        "plain ms": round(statistics.median(took["plain"]) / 1e6, 2),
        "to plain": ratios,
        "lines/s": {what: round(statistics.median(rates), -2) for what, rates in speed.items()},
    }
