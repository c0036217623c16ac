"""Tests of the map of live objects and of its leak check."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from pykcov import refs

pytestmark = pytest.mark.once


class Plain:
    """A checked object, unhashable and equal to anything."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def ref_type(self) -> str:
        return "Plain"

    def leak_message(self) -> str:
        return f"[Plain {id(self):#x}] was left open"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a map of its own."""
    monkeypatch.setattr(refs, "_live", {})
    monkeypatch.setattr(refs, "_is_checked", True)


@pytest.fixture
def eager_switches() -> Iterator[None]:
    """Have threads interrupt each other as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def ids() -> list[int]:
    return [id(obj) for obj in refs.live()]


def test_an_object_lives_from_keep_to_drop() -> None:
    one, other = Plain(), Plain()
    for obj in (one, other, one):
        refs.keep(obj)
    assert ids() == [id(one), id(other)], "by identity, in order, and once"
    refs.drop(one)
    refs.drop(one)
    assert ids() == [id(other)]
    refs.keep(one)
    assert ids() == [id(other), id(one)]


def test_what_is_returned_is_a_copy() -> None:
    refs.keep(Plain())
    refs.live().clear()
    assert len(refs.live()) == 1


def test_the_map_holds_its_objects_so_no_id_comes_twice() -> None:
    for _ in range(100):
        refs.keep(Plain())
    gc.collect()
    assert len(refs.live()) == 100


def test_unchecked_objects_are_not_noted_but_dropped() -> None:
    before, meanwhile = Plain(), Plain()
    refs.keep(before)
    refs.set_checked(False)
    refs.keep(meanwhile)
    assert ids() == [id(before)]
    refs.drop(meanwhile)
    refs.drop(before)
    refs.set_checked(True)
    refs.leak_check()


def test_leaks_are_told_all_in_one() -> None:
    refs.leak_check()
    leaked = [Plain(), Plain()]
    for obj in leaked:
        refs.keep(obj)
    with pytest.raises(refs.LeakError) as raised:
        refs.leak_check()
    assert raised.value.args == tuple(obj.leak_message() for obj in leaked)
    assert str(raised.value).startswith("2 leaked object(s):\n[Plain ")
    assert not isinstance(raised.value, RuntimeError), "callers catch that for ordinary failures"


@pytest.mark.usefixtures("eager_switches")
def test_threads_and_finalizers_may_come_at_any_time() -> None:
    errors: list[BaseException] = []

    class Dropped(Plain):
        def __del__(self) -> None:
            other = Plain()
            refs.keep(other)
            refs.live()
            refs.drop(other)

    def work() -> None:
        try:
            for _ in range(400):
                mine = Plain()
                refs.keep(mine)
                cycle = [Dropped()]
                cycle.append(cycle)  # type: ignore[arg-type]
                del cycle
                assert id(mine) in ids()
                refs.drop(mine)
        except BaseException as error:
            errors.append(error)

    threshold = gc.get_threshold()
    gc.set_threshold(5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert errors == []
    assert refs.live() == []
