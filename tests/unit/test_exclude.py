"""Functions and classes that a person leaves out have no probes, and all else has."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

import pytest
from tests.unit.packages import Package
from tests.unit.rewritten import inner, rewrite_text

import pykcov
from pykcov.errors import PykcovError
from pykcov.instrumentation.cache.entry import Entry, pack
from pykcov.instrumentation.exclude import excluded
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.unit import probes_of
from pykcov.probe import origin
from pykcov.symbols.blocks import number_of
from pykcov.symbols.store import SymbolStore

TEXT = '''
import functools

def kept(a):
    return [x for x in range(a)]  # pragma: no kcov is not about a line

def left(a):  # pragma: no kcov
    def within(b):
        return b + 1
    return within(a)

@functools.cache  # pragma: no kcov
def decorated():
    return lambda: 1

def long(
    a=1,  # pragma:no  kcov
) -> int:
    return a

async def waits():  # pragma: no kcov
    return 1

def nested():
    def inner_one():  # pragma: no kcov
        return 2
    return inner_one()

class Left:  # pragma: no kcov
    def method(self):
        return 3

class Kept:
    def method(self): return 4  # pragma: no kcov
    def other(self):
        """# pragma: no kcov"""
        return 5

def test_jit_one(): return 6
'''
LEFT = {
    "left", "left.<locals>.within", "decorated", "decorated.<locals>.<lambda>", "long", "waits",
    "nested.<locals>.inner_one", "Left", "Left.method", "Kept.method",
}  # fmt: skip
if sys.version_info >= (3, 14):  # what makes the annotations of long()
    LEFT |= {"__annotate__" if sys.version_info < (3, 15) else "long.__annotate__"}


@pytest.mark.parametrize(
    "options", [Options(), Options(True), Options(False, True), Options(comparisons=True)], ids=str
)
def test_what_is_left_out(store: SymbolStore, options: Options) -> None:
    plain, new = rewrite_text(TEXT, store, options)
    seen = {code.co_qualname: code for code in inner(new)}
    bare = {name for name, code in seen.items() if origin(code) is None}
    assert bare == LEFT
    originals = {code.co_qualname: code for code in inner(plain)}
    assert all(seen[name] is originals[name] for name in LEFT)
    names: dict[str, Any] = {}
    exec(new, names)
    assert names["left"](1) == names["nested"]() == 2
    assert names["Left"]().method() == 3


def test_patterns(store: SymbolStore) -> None:
    options = Options(exclude=(r"^def test_", r"async\s+def"))
    _, new = rewrite_text(TEXT, store, options)
    bare = {code.co_qualname for code in inner(new) if origin(code) is None}
    assert bare == LEFT | {"test_jit_one"}
    assert options.variant != Options().variant
    assert Options.of(options.variant) == Options()


def test_through_the_cache(store: SymbolStore) -> None:
    _, new = rewrite_text(TEXT, store)
    blocks = [file for file in store.files().items() if file[1].has_blocks]
    ((first, symbols),) = blocks
    probes = probes_of(store, first, len(symbols.spans))
    data = pack(new, first, probes, bytes(32), bytes(64))
    assert data is not None
    entry = Entry(memoryview(data)).load()
    again = entry.code(probes, None)
    for one, other in zip(inner(again), inner(new), strict=True):
        made = origin(one)
        assert (made is None) == (origin(other) is None)
        assert one == other
        assert made is None or made.code == other
    assert number_of(probes[0].pc) == first


def test_imported_and_in_place(package: Package, store: SymbolStore) -> None:
    package.write("m", TEXT)
    module = package.load("m")
    for _ in range(3):
        with pykcov.instrument(source=[package.name], store=store) as handle:
            assert origin(module.kept.__code__) is not None
            assert origin(module.left.__code__) is None
            assert not handle.left_out
        module = package.load("m")


def test_lines_left_out_are_no_lines(store: SymbolStore) -> None:
    rewrite_text(TEXT, store)
    (symbols,) = (each for each in store.files().values() if each.has_blocks)
    texts = ["", *TEXT.splitlines()]
    told = [texts[line].strip() for line in symbols.lines]
    assert "return [x for x in range(a)]  # pragma: no kcov is not about a line" in told
    assert "return 5" in told
    assert "def left(a):  # pragma: no kcov" in told  # the module makes it
    for line in ("return b + 1", "return within(a)", "return lambda: 1", "return 2", "return 3"):
        assert line not in told


def test_a_bad_pattern(store: SymbolStore) -> None:
    with pytest.raises(PykcovError, match=r"exclude='\(' is not a regular expression"):
        pykcov.instrument(source=["colorsys"], exclude="(", store=store)


def test_what_does_not_parse() -> None:
    assert excluded(b"def f(:  # pragma: no kcov", ()) == set()
    assert excluded(b"\0 # pragma: no kcov", ()) == set()
    assert excluded(b"\xff = 1 # pragma: no kcov\ndef f(): pass # pragma: no kcov\n", ()) == set()


def test_undone(package: Package, store: SymbolStore) -> None:
    package.write("m", TEXT)
    with pykcov.instrument(source=[package.name], store=store):
        module = package.load("m")
    functions = [f for f in vars(module).values() if isinstance(f, FunctionType)]
    assert not any(origin(f.__code__) for f in functions)
