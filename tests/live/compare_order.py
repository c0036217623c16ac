"""main(name): the order of a workload's blocks, traced, and from sys.monitoring's events.

The events are those of each instruction of the plain code; heads.py says at which a block begins,
and the symbol store only which number its file's first block has.
"""

from __future__ import annotations

import gc
import pickle
import sys
import threading
from array import array
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from tests.live.children import forked, warm_up
from tests.live.heads import heads, lines, nested, passed_once
from tests.live.line_oracle import HANDLERS, belongs, path_of
from tests.live.uses import USES
from tests.live.uses.registry import Use

import pykcov
from pykcov.symbols.blocks import FileSymbols, pc_of
from pykcov.symbols.store import SymbolStore

SIZE = 1 << 25
TOOL = 2  # sys.monitoring.PROFILER_ID
monitoring: Any = getattr(sys, "monitoring", None)  # 3.11 has none, and only imports this


class Orders(NamedTuple):
    """PCs in order, and what each file's blocks count to by heads.py and by pykcov."""

    traced: array[int]
    expected: array[int]
    counts: dict[str, tuple[int, int]]
    overflowed: bool


def _identity(code: CodeType) -> tuple[object, ...]:
    # Two functions of one line may differ in their constants alone.
    consts = [repr(const) for const in code.co_consts if not isinstance(const, CodeType)]
    where = tuple(code.co_positions())
    return code.co_qualname, code.co_firstlineno, code.co_code, where, *consts


class File:
    """Where the blocks of one file begin."""

    def __init__(self, first: int, symbols: FileSymbols) -> None:
        source = Path(symbols.path).read_bytes()
        codes = list(
            nested(
                compile(source, symbols.path, "exec", dont_inherit=True, optimize=symbols.optimize)
            )
        )
        with_code = lines(codes)
        self.pcs: dict[tuple[object, ...], dict[int, int]] = {}
        self.count = 0
        for code in codes:
            offsets = heads(code, with_code)
            numbers = range(first + self.count, first + self.count + len(offsets))
            self.pcs.setdefault(
                _identity(code), dict(zip(offsets, map(pc_of, numbers), strict=True))
            )
            self.count += len(offsets)


class OrderOracle:
    """Collects the PCs of a package's blocks in the order in which this thread runs them."""

    def __init__(self, package: str, files: dict[str, File]) -> None:
        self.package, self.files = package, files
        self.order = array("Q")
        # By identity: code objects of a module imported twice are equal, but have events apart.
        self._heads: dict[int, dict[int, int]] = {}
        self._jumps: dict[int, dict[int, set[int]]] = {}  # likewise: past a head
        self._last = (0, 0)  # code, by identity, and offset
        self._codes: list[CodeType] = []
        self._collecting = False
        self._thread = threading.get_ident()

    def __enter__(self) -> OrderOracle:
        events = monitoring.events
        monitoring.use_tool_id(TOOL, "order")
        monitoring.register_callback(TOOL, events.PY_START, self._start)
        monitoring.register_callback(TOOL, events.INSTRUCTION, self._step)
        monitoring.set_events(TOOL, events.PY_START)
        gc.callbacks.append(self._gc)
        return self

    def __exit__(self, *error: object) -> None:
        monitoring.set_events(TOOL, 0)
        gc.callbacks.remove(self._gc)
        self._thread = 0

    def _gc(self, phase: str, _info: dict[str, int]) -> None:
        self._collecting = phase == "start"

    def _start(self, code: CodeType, _offset: int) -> None:
        frame = sys._getframe(1)
        if id(code) in self._heads or code.co_name in HANDLERS or not self._own(frame.f_globals):
            return
        path = path_of(frame)
        file = self.files.get(str(Path(path).resolve())) if path else None
        if file is not None:
            self._heads[id(code)] = file.pcs[_identity(code)]
            self._jumps[id(code)] = passed_once(code)
            self._codes.append(code)  # or its id would come again
            monitoring.set_local_events(TOOL, code, monitoring.events.INSTRUCTION)

    def _own(self, names: dict[str, object]) -> bool:
        imported = getattr(names.get("__spec__"), "name", None)
        return belongs(imported, self.package) or belongs(names.get("__name__"), self.package)

    def _step(self, code: CodeType, offset: int) -> None:
        if self._collecting or threading.get_ident() != self._thread:
            return
        (last, at), self._last = self._last, (id(code), offset)
        pc = self._heads[id(code)].get(offset)
        past = last == id(code) and at in self._jumps[last].get(offset, ())
        if pc is not None and not past:
            self.order.append(pc)


def traced(use: Use) -> tuple[array[int], list[str], bool]:
    """The trace, and the paths of the files that were instrumented for it."""
    with pykcov.instrument(source=[use.subject]) as handle:
        with pykcov.trace(SIZE) as t:
            use.run()
        # Constants that were executed before have no probes, and are named.
        assert all("executed before" in why for why in handle.left_out.values())
        return t.pcs, list(handle.files), t.overflowed


def expected(use: Use, paths: list[str]) -> tuple[array[int], dict[str, tuple[int, int]]]:
    """The order by the oracle, and each file's number of blocks."""
    found = {s.path: (first, s) for first, s in SymbolStore().files().items()}
    files = {str(Path(path).resolve()): File(*found[path]) for path in paths}
    counts = {
        path: (files[str(Path(path).resolve())].count, len(found[path][1].spans)) for path in paths
    }
    with OrderOracle(use.subject, files) as oracle:
        use.run()
    return oracle.order, counts


def main(name: str) -> None:
    """Print both orders."""
    warm_up()
    pcs, paths, overflowed = forked(lambda: traced(USES[name]))
    order, counts = forked(lambda: expected(USES[name], paths))
    print(pickle.dumps(Orders(pcs, order, counts, overflowed)).hex())
