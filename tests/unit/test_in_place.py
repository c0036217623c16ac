"""Code that is imported already: what is found, what is under way, what is left out."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from functools import partial, singledispatch
from types import FunctionType, ModuleType
from typing import Any
from unittest import mock

import pytest
from tests.unit.packages import TEXT, Package, has_probes

import pykcov
from pykcov.probe import origin
from pykcov.symbols.store import SymbolStore


@pytest.fixture
def module(package: Package) -> ModuleType:
    """A module that is imported already."""
    package.write("early", TEXT)
    return package.load("early")


KINDS = """
import functools, operator

def outer(a):
    def closure():
        return a
    return closure

def decorate(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper

@functools.singledispatch
def dispatched(a):
    return 1

@dispatched.register
def _(a: int):
    return 2

class Base:
    def __init_subclass__(cls):
        cls.made = lambda self: 3

class Thing(Base):
    __slots__ = ("x",)
    @functools.cached_property
    def cached(self): return 4
    @functools.singledispatchmethod
    def single(self, a): return 5
    partial = functools.partialmethod(lambda self, a: a, 6)
    table = {"key": [lambda: 7], lambda: 8: ()}
    size = property(operator.itemgetter(0), lambda self, value: None)

closure = outer(9)
decorated = decorate(lambda: 10)
kept = functools.partial(decorate(lambda a: a), 11)
cached = functools.lru_cache(lambda: 12)
default = lambda a=(lambda: 13): a()
default.attribute = lambda: 14
bound = Thing().made
"""


def all_functions(module: ModuleType) -> Iterator[FunctionType]:
    for item in gc.get_objects():
        if type(item) is FunctionType and item.__code__.co_filename == module.__file__:
            yield item


@pytest.mark.parametrize("when", ["in place", "on import"])
def test_functions_are_found_wherever_they_are(package: Package, when: str) -> None:
    path = package.write("kinds", KINDS)
    early = package.load("kinds") if when == "in place" else None
    with pykcov.instrument(source=[package.name]) as handle:
        module = early or package.load("kinds")
        found = list(all_functions(module))
        assert len(found) > 20
        assert all(map(has_probes, found))
        assert str(path) not in handle.left_out
        values = [module.closure(), module.dispatched(""), module.dispatched(1), module.bound()]
        values += [module.decorated(), module.kept(), module.cached(), module.default()]
        assert values == [9, 1, 2, 3, 10, 11, 12, 13]
        with pykcov.trace() as t:
            next(iter(module.Thing.table.values()))[0]()
        assert len(t.pcs) == 1
    assert not any(map(has_probes, all_functions(module)))


def test_a_function_and_the_code_that_makes_it_stay_one(package: Package) -> None:
    package.write("kinds", KINDS)
    module = package.load("kinds")
    with pykcov.instrument(source=[package.name]):
        assert module.closure.__code__ is module.outer(1).__code__


def test_objects_that_pretend_are_not_asked(module: ModuleType) -> None:
    asked: list[str] = []

    class Pretends:
        def __getattribute__(self, name: str) -> Any:
            asked.append(name)
            raise RuntimeError("working outside of a request")

    class Target:
        pass

    target = Target()
    kept = [weakref.proxy(target), mock.MagicMock(), Pretends(), types.SimpleNamespace()]
    del target
    gc.collect()
    with pykcov.instrument(source=[module.__name__]) as handle:
        assert has_probes(module.f)
        handle.undo()
    assert asked == []
    assert len(kept) == 4


@pytest.mark.slow
def test_functions_are_found_though_the_collector_was_frozen(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pykcov.instrumentation import in_place

    monkeypatch.setattr(in_place, "_FROZEN_AT_START", -1)
    gc.collect()
    gc.freeze()
    try:
        assert not any(item is module.f for item in gc.get_objects())
        with pykcov.instrument(source=[module.__name__]):
            assert has_probes(module.f)
        assert not has_probes(module.f)
    finally:
        gc.unfreeze()


RUNNING = """
def generator():
    yield 1
    yield 2

async def coroutine(a):
    await a

async def asynchronous():
    yield 1

def calls(function):
    return function()

def yields(function):
    yield function()
"""


def test_what_is_under_way_is_counted(package: Package) -> None:
    package.write("running", RUNNING)
    module = package.load("running")
    begun = module.generator()
    next(begun)
    created, ended = module.coroutine(None), module.generator()
    list(ended)
    asynchronous = module.asynchronous()
    with pykcov.instrument(source=[package.name]) as handle:
        assert handle.running == 3
        with pykcov.trace() as t:
            assert list(begun) == [2]
        assert not t.pcs
        counted = module.calls(partial(count_after_undo, handle))
    assert counted == 1
    created.close()
    del asynchronous


def count_after_undo(handle: pykcov.Instrumentation) -> int:
    handle.undo()
    return handle.running


def test_a_running_generator_counts_once(package: Package) -> None:
    package.write("running", RUNNING)
    module = package.load("running")
    counts: list[int] = []

    def begin() -> None:
        with pykcov.instrument(source=[package.name]) as handle:
            counts.append(handle.running)

    next(module.yields(begin))
    assert counts == [1]


WHY: list[tuple[str, Callable[[Package], object], str]] = [
    ("changed", lambda p: p.write("m", "\n" + TEXT), "it has changed since it was imported"),
    ("gone", lambda p: (p.folder / "m.py").unlink(), "its source can't be read"),
    ("broken", lambda p: p.write("m", "x = ("), "its source does not compile"),
    ("binary", lambda p: (p.folder / "m.py").write_bytes(b"\0"), "its source does not compile"),
]


@pytest.mark.parametrize(("change", "why"), [row[1:] for row in WHY], ids=[row[0] for row in WHY])
def test_what_is_left_out_says_why(
    package: Package, change: Callable[[Package], object], why: str
) -> None:
    path = package.write("m", TEXT)
    module = package.load("m")
    change(package)
    with pykcov.instrument(source=[package.name]) as handle:
        assert why in handle.left_out[str(path)]
        assert not has_probes(module.f)
        assert module.f(0) == 2


def test_a_function_from_elsewhere_is_left_out_and_the_others_not(package: Package) -> None:
    path = package.write("m", TEXT + "\ndef g():\n    return 3\n")
    module = package.load("m")
    module.g.__code__ = compile("def g():\n    return 4", module.__file__ or "", "exec").co_consts[
        0
    ]
    with pykcov.instrument(source=[package.name]) as handle:
        assert has_probes(module.f)
        assert not has_probes(module.g)
        assert handle.left_out[str(path)].startswith("1 of 2 functions do not match its source")


def test_singledispatch_of_the_standard_library_is_left_alone() -> None:
    with pykcov.instrument(include=["*/no/such/*"]):
        assert origin(singledispatch.__code__) is None
        assert "functools" in sys.modules


def test_trio_still_holds_the_keyboard_back(store: SymbolStore) -> None:
    trio = pytest.importorskip("trio")
    lowlevel: Any = trio.lowlevel

    @lowlevel.enable_ki_protection  # type: ignore[untyped-decorator]
    def protected() -> bool:
        held: bool = lowlevel.currently_ki_protected()
        return held

    def free() -> bool:
        held: bool = lowlevel.currently_ki_protected()
        return held

    async def main() -> list[bool]:
        return [protected(), free()]

    seen = [trio.run(main)]
    with pykcov.instrument(include=[__file__], store=store):
        assert origin(protected.__code__) is not None
        seen.append(trio.run(main))
    seen.append(trio.run(main))
    assert seen == [[True, False]] * 3
