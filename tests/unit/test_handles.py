"""Handles: several at a time, what each takes back, and what it says."""

from __future__ import annotations

import types
from types import ModuleType

import pytest
from tests.unit.packages import TEXT, Package, has_probes

import pykcov
from pykcov import PykcovError
from pykcov.symbols.store import SymbolStore


@pytest.fixture
def modules(package: Package) -> tuple[ModuleType, ModuleType]:
    """Two modules that are imported already."""
    package.write("one", TEXT)
    package.write("two", TEXT)
    return package.load("one"), package.load("two")


def names(*modules: ModuleType) -> list[str]:
    return [module.__name__ for module in modules]


def test_an_inner_handle_takes_back_what_it_gave(modules: tuple[ModuleType, ModuleType]) -> None:
    one, two = modules
    with pykcov.instrument(source=names(one)):
        with pykcov.instrument(source=names(one, two)) as inner:
            assert has_probes(two.f)
            assert list(inner.files) == [two.__file__]
        assert has_probes(one.f)
        assert not has_probes(two.f)
    assert not has_probes(one.f)


def test_what_two_handles_selected_keeps_its_probes_until_the_last(
    modules: tuple[ModuleType, ModuleType],
) -> None:
    one, two = modules
    first = pykcov.instrument(source=names(one, two))
    second = pykcov.instrument(source=names(two))
    first.undo()
    assert [has_probes(one.f), has_probes(two.f)] == [False, True]
    with pykcov.trace() as t:
        two.f(1)
    assert [block.start_line for block in t.blocks] == [3, 4]
    assert list(second.files) == [two.__file__]
    second.undo()
    assert not has_probes(two.f)


def test_an_import_under_two_handles_is_one_of_theirs(package: Package) -> None:
    package.write("late", TEXT)
    first = pykcov.instrument(source=[package.name])
    second = pykcov.instrument(source=[package.name])
    module = package.load("late")
    first.undo()
    assert has_probes(module.f)
    second.undo()
    assert not has_probes(module.f)


def test_pcs_do_not_depend_on_whose_probe_it_is(modules: tuple[ModuleType, ModuleType]) -> None:
    one, _ = modules
    traces = []
    for _ in range(2):
        with pykcov.instrument(source=names(one)), pykcov.trace() as t:
            one.f(1)
        traces.append(list(t.pcs))
    assert traces[0] == traces[1] != []


def test_what_a_handle_says_of_itself(modules: tuple[ModuleType, ModuleType]) -> None:
    one, two = modules
    with pykcov.instrument(source=names(one)) as first:
        assert repr(first) == "<pykcov.Instrumentation in force files=1 blocks=4 left_out=0>"
        with pykcov.instrument(source=names(one, two)) as second:
            assert (len(second.files), second.blocks) == (1, 4)
            first.undo()
            assert (len(second.files), second.blocks) == (2, 8)
    assert repr(first) == "<pykcov.Instrumentation undone files=1 blocks=4 left_out=0>"


def test_undo_twice_is_once(modules: tuple[ModuleType, ModuleType]) -> None:
    one, _ = modules
    first = pykcov.instrument(source=names(one))
    first.undo()
    with pykcov.instrument(source=names(one)):
        first.undo()
        assert has_probes(one.f)


def test_one_process_has_one_store(store: SymbolStore) -> None:
    with pykcov.instrument(source=["no_such_module"], store=store):
        other = SymbolStore(store.path.with_name("other.sqlite"))
        with pytest.raises(PykcovError) as caught:
            pykcov.instrument(source=["no_such_module"], store=other)
        assert caught.value.slug == "store-mixed"
        pykcov.instrument(source=["nor_this"], store=SymbolStore(store.path)).undo()


def test_undo_leaves_what_the_program_changed(modules: tuple[ModuleType, ModuleType]) -> None:
    one, two = modules
    plain = two.f.__code__
    with pykcov.instrument(source=names(one, two)):
        one.f.__code__ = plain
        types.FunctionType.__setattr__(two.f, "__defaults__", (5,))
    assert one.f.__code__ is plain
    assert two.f.__code__ is plain
    assert two.f() == 1


def test_a_function_renamed_while_it_had_probes_keeps_the_name(
    modules: tuple[ModuleType, ModuleType],
) -> None:
    one, _ = modules
    plain = one.f.__code__
    with pykcov.instrument(source=names(one)):
        one.f.__code__ = one.f.__code__.replace(co_name="renamed")
        assert has_probes(one.f)
    assert one.f.__code__ == plain.replace(co_name="renamed")


def test_generators_made_awaitable_stay_so(package: Package) -> None:
    package.write(
        "made",
        """
        import types
        @types.coroutine
        def pause(a):
            return (yield a)
        async def main(a):
            return await pause(a)
        """,
    )
    with pykcov.instrument(source=[package.name]):
        module = package.load("made")
        assert has_probes(module.pause)
    assert not has_probes(module.pause)
    coroutine = module.main(3)
    assert coroutine.send(None) == 3
    with pytest.raises(StopIteration, match="4"):
        coroutine.send(4)
