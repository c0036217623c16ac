"""Code with comparisons that comes from the cache is that which was put there."""

from __future__ import annotations

import gc
from types import ModuleType
from typing import Any

import pytest
from tests.unit.cached import counting_rewrites, fields
from tests.unit.packages import Package
from tests.unit.rewritten import inner

import pykcov
from pykcov.instrumentation.cache.cache import Cache
from pykcov.instrumentation.options import Options
from pykcov.instrumentation.unit import Unit
from pykcov.probe import Comparison, origin, running
from pykcov.reader.comparisons import Record
from pykcov.symbols.blocks import SITES
from pykcov.symbols.store import SymbolStore

TEXT = """
CONSTANTS = (1.5, "text", b"bytes", None, ..., 10**30)

def f(a, s, d):
    found = [a == 0x1234567890, 1.5 <= a < 10**30, s.startswith(("te", "x")), a is None, s in d]
    found += [s in ("text", "other"), -0.0 == a, a in {1, 2}, d.get("key"), s == b"bytes"]
    match d:
        case {"key": 5, "text": _}:
            return found
    return lambda: a > s

class Thing:
    def method(self, a):
        try:
            if a < 1:
                return a
        except TypeError:
            return a == "a"
"""


def traced(package: Package, store: SymbolStore, prune: bool) -> Any:
    """Import the module with probes, and call it: its code, records, and how often a text was
    rewritten."""
    package.forget()
    gc.collect()
    with (
        counting_rewrites() as seen,
        pykcov.instrument(source=[package.name], store=store, comparisons=True, prune=prune),
    ):
        module = package.load("m")
        with pykcov.trace(comparisons=True) as t:
            call(module)
        kinds = [one.kind for one in t.comparisons]
        with pykcov.trace() as blocks:
            call(module)
        codes = [module.f.__code__, module.Thing.method.__code__]
        return [fields(code) for code in codes], t.records, kinds, blocks.pcs, len(seen)


def call(module: ModuleType) -> None:
    for a, s, d in ((0, "text", {"key": 5, "text": 1}), (3.5, "tent", {}), (2**70, "", {"": 1})):
        module.f(a, s, d)
        module.Thing().method(a)
        module.Thing().method(s)


@pytest.mark.parametrize("prune", [False, True], ids=["exact", "prune"])
def test_it_is_the_same_and_records_the_same(
    package: Package, store: SymbolStore, prune: bool
) -> None:
    package.write("m", TEXT)
    *cold, rewritten = traced(package, store, prune)
    assert rewritten > 0
    records: list[Record] = cold[1]
    assert set(cold[2]) == {"int", "float", "str", "length", "none"}
    assert len(records) > 40
    *warm, rewritten = traced(package, store, prune)
    assert rewritten == 0
    assert warm == cold


def test_what_the_cache_keeps_of_one() -> None:
    for one in (Comparison(8, 1), Comparison(2**64 - 1, 6, 2, ("a", -0.0)), Comparison(0, 0, 1)):
        again = Comparison(*one.__getnewargs__())
        for name in ("pc", "kind", "side"):
            assert getattr(again, name) == getattr(one, name)
        assert repr(again.constant) == repr(one.constant)


def test_the_cache_knows_of_the_last_range(package: Package, store: SymbolStore) -> None:
    """That of the comparisons, which is given out behind that of the blocks."""
    package.write("m", TEXT)
    traced(package, store, prune=False)
    last = Cache.of(store)._head.last()
    assert last is not None
    assert store.files()[last.first].variant == Options(comparisons=True).variant + SITES
    assert last.first == max(store.files())


def test_no_option_is_called_as_sites_are() -> None:
    for name in Options._fields[:-1]:
        changes: dict[str, Any] = {name: True}
        options = Options(**changes)
        variant = options.variant
        assert Options.of(variant) == Options.of(variant + SITES) == options
        assert not variant.endswith(SITES)


def test_blocks_and_comparisons_have_ranges_of_their_own(store: SymbolStore) -> None:
    code = compile(TEXT, "/no/such/file.py", "exec")
    unit = Unit("/no/such/file.py", TEXT.encode(), code, 0, Options(prune=True, comparisons=True))
    assert unit.symbols().has_blocks
    assert not unit.comparison_symbols().has_blocks
    assert unit.symbols().implied
    assert not unit.comparison_symbols().implied
    new = unit.rewriter(store, None)(code)
    assert new is not None
    pcs = [c.pc for one in inner(new) for c in running(one).co_consts if isinstance(c, Comparison)]
    for pc in pcs:
        found = store.lookup(pc)
        assert found is not None
        assert found.function in ("f", "f.<locals>.<lambda>", "Thing.method")
    assert len(pcs) == len(set(pcs)) > 10
    assert origin(new) is not None
