"""Work grows with the length of a function and of a module, not with its square.

Time is the machine's affair. So what is counted is calls, and the items that are copied out of the
lists and sets of a function's instructions, where there is a square as soon as it is done for each
block.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from pykcov.instrumentation import probed_code as rewriters
from pykcov.instrumentation import unit as units
from pykcov.instrumentation.bytecode import rewrite
from pykcov.instrumentation.bytecode.assigned import bound
from pykcov.instrumentation.bytecode.blocks import Located, locate, nested
from pykcov.instrumentation.cache.entry import Entry, pack
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.probed_code import Rewriter
from pykcov.instrumentation.unit import Unit
from pykcov.measure.datafile import Measured
from pykcov.probe import running
from pykcov.report.annotate.source import source
from pykcov.symbols.blocks import FileSymbols
from pykcov.symbols.identity import Range

LINES: dict[str, tuple[str, str]] = {
    "branches of a module": ("", "if a == {k}:\n    b = {k}\nelse:\n    c = d\n"),
    "branches": ("def f(t):\n", "    t += {k} if t % {k}1 else -{k}\n"),
    "raises": ("def f(t):\n", "    if t == {k}: raise KeyError({k})\n"),
    "handlers": ("def f(g):\n", "    try: g({k})\n    except E: g.x\n    finally: g(1)\n"),
    "withs": ("def f(g):\n", "    with g({k}) as h:\n        h.x = {k}\n"),
    "loops": ("def f(g):\n", "    for i in g:\n        if i: continue\n        g = i\n"),
    "cases": ("def f(x):\n    match x:\n", "        case {{'k': {k}, 'b': [y, *z]}}: w = y\n"),
    "locals": ("def f(t):\n", "    v{k} = t\n    if t: t = v{k}\n"),
    "a dict": ("d = {{\n", "    'k{k}': [a, 'v{k}'],\n"),
    "one line": ("x = [", "a if b else {k}, "),
    "methods": ("def f(x, y):\n", "    if x.startswith(y): x.find('{k}')\n"),
    "awaits": ("async def f(x):\n", "    async with x: await x.a{k}\n"),
    "functions": ("", "def f{k}(a):\n    if a: return {k}\n    return a\n"),
    "lambdas": ("x = [", "lambda a: a if a else {k}, "),
    "comprehensions": ("", "x{k} = [i for i in a if i]\n"),
}
ENDS = {"a dict": "}\n", "one line": "]\n", "lambdas": "]\n"}
OPTIONS = (Options(), Options(by_line=True, prune=True, comparisons=True))
SHORT, TIMES = 25, 8


def text(kind: str, lines: int) -> str:
    begin, line = LINES[kind]
    body = "".join(line.format(k=k + 300) for k in range(lines))
    return begin.format() + body + ENDS.get(kind, "")


class Copied:
    items = 0


class List(list[Any]):
    def __getitem__(self, which: Any) -> Any:
        found = super().__getitem__(which)
        if isinstance(which, slice):
            Copied.items += len(found)
        return found

    def __iter__(self) -> Iterator[Any]:
        Copied.items += len(self)
        return super().__iter__()


class Set(set[Any]):
    def __or__(self, other: Any) -> Any:
        Copied.items += len(self)
        return Set(self.union(other))

    __ror__ = __or__

    def __iter__(self) -> Iterator[Any]:
        Copied.items += len(self)
        return super().__iter__()


def counted(code: CodeType) -> Located:
    instructions, positions, arrived = locate(code)
    return Located(List(instructions), List(positions), Set(arrived))


class Store:
    """Gives numbers, and keeps nothing."""

    path = Path("/there/is/none")

    def registered(self, symbols: FileSymbols) -> Range:
        return Range("a" * 16, 0 if symbols.has_blocks else 1 << 24, "b" * 16)


def instrument(data: bytes, code: CodeType, options: Options) -> None:
    """Do all that is done from the compiled text to code from the cache, and to a report."""
    units._probes.clear()
    unit = Unit("/there/is/none.py", data, code, 0, options)
    rewriter = unit.rewriter(Store(), None)  # type: ignore[arg-type]
    new = rewriter(code)
    assert new is not None
    packed = pack(new, 0, rewriter.probes, b"x" * 32, b"s" * 64)
    assert packed is not None
    entry = Entry(memoryview(packed)).load()
    again = Rewriter.cached(entry, rewriter.probes, None, options)
    assert again.is_of(code)
    assert again(code) is not None
    symbols = unit.symbols()
    symbols.unpack(symbols.pack(), len(symbols.spans))
    hits = dict.fromkeys(range(0, len(symbols.spans), 2), 3)
    source(symbols.path, data, [(Measured(symbols, {"": hits}), symbols.with_implied(hits))])


def work(kind: str, lines: int, options: Options) -> tuple[int, int]:
    """Return calls, and items copied."""
    data = text(kind, lines).encode()
    code = compile(data, "none", "exec")
    calls = Copied.items = 0

    def called(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        instrument(data, code, options)
    finally:
        sys.setprofile(before)
    return calls, Copied.items


@pytest.mark.slow
@pytest.mark.parametrize("kind", LINES)
def test_work_grows_with_the_length(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "locate", counted)
    monkeypatch.setattr(units, "_probes", {})
    for options in OPTIONS:
        work(kind, 2, options)  # what is made once
        short = work(kind, SHORT, options)
        long = work(kind, SHORT * TIMES, options)
        ratios = [much / little for little, much in zip(short, long, strict=True)]
        assert max(ratios) < TIMES * 1.25, (options, ratios)


def test_of_many_locals_some_are_not_known() -> None:
    """A bit for each of them, at each instruction, would be a square of memory."""
    code = next(c for c in compile(text("locals", 2000), "none", "exec").co_consts if c)
    known = bound(code, locate(code).instructions)
    assert max(bits.bit_length() for bits in known) == 1024


def nesting(levels: int, last: int) -> str:
    """Functions within functions, and lambdas within lambdas."""
    lines = [f"{' ' * n}def f{n}(a):" for n in range(60)]
    return "\n".join([*lines, f"{' ' * 60}return {last}", "x = " + "lambda: " * levels + f"{last}"])


@pytest.mark.parametrize("comparisons", [False, True])
def test_functions_may_nest_deeply(comparisons: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """CPython's own == takes twice as long for each level; and Python's stack has 1,000."""
    monkeypatch.setattr(units, "_probes", {})
    data = nesting(600, 1)
    code = compile(data, "none", "exec")
    options = Options(comparisons=comparisons)
    instrument(data.encode(), code, options)
    unit = Unit("/there/is/none.py", data.encode(), code, 0, options)
    rewriter = unit.rewriter(Store(), None)  # type: ignore[arg-type]
    same, other = (compile(nesting(600, last), "none", "exec") for last in (1, 2))
    assert rewriter.is_of(same)
    assert not rewriter.is_of(other)
    found = rewriter(same)
    assert found is not None
    assert len(list(nested(found))) == 661
    assert (rewriter(other) is None) == comparisons


def test_code_that_differs_in_constants_only_is_told_apart() -> None:
    """Under -X no_debug_ranges, nothing else may tell the lambdas of a line."""
    code = compile("x = [" + "lambda: a, " * 300 + "]", "none", "exec")
    table = bytes((0x80 | 13 << 3 | 7, 0)) * 4  # no columns, for 32 units
    inner = [
        c.replace(co_consts=(None, n), co_linetable=table)
        for n, c in enumerate(c for c in code.co_consts if isinstance(c, CodeType))
    ]
    rest = iter(inner)
    consts = tuple(next(rest) if isinstance(c, CodeType) else c for c in code.co_consts)
    code = code.replace(co_consts=consts)
    units._probes.clear()
    unit = Unit("/there/is/none.py", b"", code, 0, Options())
    rewriter = unit.rewriter(Store(), None)  # type: ignore[arg-type]
    copies = [c.replace(co_flags=c.co_flags | 0x100) for c in inner]
    firsts = [pcs_of(new) for new in map(rewriter, copies)]
    assert firsts == [pcs_of(new) for new in map(rewriter, inner)]
    assert len(set(firsts)) == len(inner)


def pcs_of(code: CodeType | None) -> tuple[int, ...]:
    assert code is not None
    return tuple(c.pc for c in running(code).co_consts if hasattr(c, "pc"))


def test_the_rewriter_needs_no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "_probes", {})
    depth: list[int] = []
    plain: Callable[..., CodeType] = rewrite.rewrite

    def deep(*args: Any) -> CodeType:
        frame, n = sys._getframe(), 0
        while frame := frame.f_back:  # type: ignore[assignment]
            n += 1
        depth.append(n)
        return plain(*args)

    monkeypatch.setattr(rewriters, "rewrite", deep)
    data = nesting(20, 1)
    instrument(data.encode(), compile(data, "none", "exec"), Options())
    assert len(set(depth)) == 1
