"""Tests of the reference counts and their leak checks."""

from __future__ import annotations

import copy
import gc
import logging
import os
import pickle
import signal
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pykcov import refs
from pykcov.refs import LeakError, LeakMode, Refs, RefsError

KEPT = [LeakMode.LOG, LeakMode.RAISE]
CHECKED = pytest.mark.parametrize("mode", KEPT, ids=lambda mode: mode.value)


class Thing(Refs):
    """A counted object; logged if asked."""

    def __init__(self, logged: bool = False) -> None:
        self.logged = logged
        self.init_refs()

    def log_refs(self) -> bool:
        return self.logged


class Slotted(Thing):
    """One whose pickled state is a pair."""

    __slots__ = ("extra",)
    extra: int


class Owner:
    """One that has its count as a member."""

    def __init__(self) -> None:
        self.refs = Refs()
        self.refs.init_refs("Owner")


class Plain:
    """A checked object without a counter, unhashable and equal to anything."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, logged: bool = False) -> None:
        self.logged = logged

    def __eq__(self, other: object) -> bool:
        return True

    def ref_type(self) -> str:
        return "Plain"

    def leak_message(self) -> str:
        return f"[Plain {id(self):#x}] was left open"

    def log_refs(self) -> bool:
        return self.logged


def reset() -> None:
    """Empty the map and leave checking off."""
    refs.set_leak_mode(LeakMode.OFF)
    for obj in refs.live():
        refs.unregister(obj)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Start and end each test with nothing registered, and with the mode it found."""
    mode = refs.get_leak_mode()
    reset()
    yield
    reset()
    refs.set_leak_mode(mode)


@pytest.fixture
def eager_switches() -> Iterator[None]:
    """Have threads interrupt each other as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def ids(objects: list[Any]) -> list[int]:
    """Return what tells objects apart that all say they are equal."""
    return [id(obj) for obj in objects]


def tag(obj: Any) -> str:
    """Return how messages name an object."""
    return f"[{type(obj).__name__} {id(obj):#x}]"


def run_threads(work: list[Callable[[], object]]) -> None:
    """Start all at once, wait for all, and raise the first error of any."""
    barrier = threading.Barrier(len(work))
    errors: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            barrier.wait(5)
            job()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,), daemon=True) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads), "deadlock"
    if errors:
        raise errors[0]


def use_locks_elsewhere(thing: Refs | None = None) -> None:
    """Use the map, and a count if given, in another thread; it hangs if their locks are held."""

    def use() -> None:
        other = Plain()
        if refs.register(other):
            refs.unregister(other)
        if thing is not None and thing.try_inc_ref():
            thing.dec_ref()

    run_threads([use])


# --- counting


@pytest.mark.parametrize("mode", LeakMode)
def test_count_and_destroy(mode: LeakMode) -> None:
    refs.set_leak_mode(mode)
    thing = Thing()
    ends: list[tuple[int, int]] = []

    def destroy() -> None:
        ends.append((thing.read_refs(), len(refs.live())))

    assert thing.read_refs() == 1
    thing.inc_ref()
    assert thing.try_inc_ref() is True
    assert thing.read_refs() == 3
    thing.dec_ref(destroy)
    thing.dec_ref(destroy)
    assert (thing.read_refs(), ends) == (1, [])
    thing.dec_ref(destroy)
    assert (thing.read_refs(), ends) == (0, [(0, 0)])
    assert thing.try_inc_ref() is False
    assert refs.leak_check() == []


def test_destroy_may_be_left_out() -> None:
    refs.set_leak_mode(LeakMode.RAISE)
    Thing().dec_ref()
    assert refs.live() == []


@pytest.mark.parametrize("mode", LeakMode)
@pytest.mark.parametrize("operation", ["inc_ref", "dec_ref"])
def test_use_after_the_end_raises_and_changes_nothing(mode: LeakMode, operation: str) -> None:
    refs.set_leak_mode(mode)
    thing = Thing()
    ends: list[int] = []
    thing.dec_ref(lambda: ends.append(1))
    with pytest.raises(RefsError) as caught:
        getattr(thing, operation)(*[lambda: ends.append(2)] * (operation == "dec_ref"))
    assert str(caught.value) == f"{tag(thing)} {operation} on a reference count of 0"
    assert (thing.read_refs(), ends, refs.live()) == (0, [1], [])


def test_errors_are_not_runtime_errors() -> None:
    assert issubclass(RefsError, AssertionError)
    assert issubclass(LeakError, RefsError)


def test_a_count_not_started_reads_zero() -> None:
    bare = Refs()
    assert bare.read_refs() == 0
    assert bare.try_inc_ref() is False
    for operation in (bare.inc_ref, bare.dec_ref):
        with pytest.raises(RefsError, match="count of 0"):
            operation()
    bare.init_refs()
    assert (bare.read_refs(), Refs().read_refs()) == (1, 0)


@pytest.mark.parametrize("mode", LeakMode)
@pytest.mark.parametrize("ended", [False, True])
def test_a_count_starts_once(mode: LeakMode, ended: bool) -> None:
    refs.set_leak_mode(mode)
    thing = Thing()
    if ended:
        thing.dec_ref()
    with pytest.raises(RefsError, match="init_refs on a started count"):
        thing.init_refs()
    assert thing.read_refs() == (not ended)


def test_a_member_count_names_its_owner() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    owner = Owner()
    assert refs.leak_check() == [f"[Owner {id(owner.refs):#x}] reference count of 1 instead of 0"]
    ended: list[Owner] = []
    owner.refs.dec_ref(lambda: ended.append(owner))
    assert (ended, refs.live()) == ([owner], [])


@pytest.mark.parametrize("mode", LeakMode)
def test_an_error_of_destroy_is_passed_on_with_all_done(mode: LeakMode) -> None:
    refs.set_leak_mode(mode)
    thing = Thing()

    def destroy() -> None:
        raise OSError("close failed")

    with pytest.raises(OSError, match="close failed"):
        thing.dec_ref(destroy)
    assert (thing.read_refs(), refs.live()) == (0, [])


# --- the map


@CHECKED
def test_registering_is_by_identity_and_once(mode: LeakMode) -> None:
    refs.set_leak_mode(mode)
    one, two = Plain(), Plain()
    assert refs.register(one) is True
    assert refs.register(two) is True
    assert ids(refs.live()) == ids([one, two])
    with pytest.raises(RefsError) as caught:
        refs.register(one)
    assert str(caught.value) == f"{tag(one)} is registered already"
    assert ids(refs.live()) == ids([one, two])
    refs.unregister(one)
    assert ids(refs.live()) == ids([two])
    with pytest.raises(RefsError) as caught:
        refs.unregister(one)
    assert str(caught.value) == f"{tag(one)} is not registered"
    assert ids(refs.live()) == ids([two])
    assert refs.register(one) is True


@CHECKED
def test_a_counter_is_registered_by_itself(mode: LeakMode) -> None:
    refs.set_leak_mode(mode)
    thing = Thing()
    assert refs.live() == [thing]
    with pytest.raises(RefsError, match="registered already"):
        refs.register(thing)


@CHECKED
def test_a_counter_unregistered_by_hand_is_found_out_but_destroyed(mode: LeakMode) -> None:
    refs.set_leak_mode(mode)
    thing = Thing()
    refs.unregister(thing)
    ends: list[int] = []
    with pytest.raises(RefsError, match="is not registered"):
        thing.dec_ref(lambda: ends.append(1))
    assert ends == [1]


def test_the_map_holds_its_objects_so_no_id_comes_twice() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    watch = []
    for _ in range(100):
        plain = Plain()
        watch.append(weakref.ref(plain))
        refs.register(plain)
        del plain
    assert all(ref() is not None for ref in watch)
    assert len(refs.live()) == 100
    reset()
    gc.collect()
    assert not any(ref() is not None for ref in watch)


def test_live_is_a_snapshot() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    thing = Thing()
    before = refs.live()
    before.clear()
    assert refs.live() == [thing]


# --- modes


def test_the_mode_is_checked() -> None:
    for mode in LeakMode:
        refs.set_leak_mode(mode)
        assert refs.get_leak_mode() is mode
    with pytest.raises(ValueError, match="loud"):
        refs.set_leak_mode("loud")  # type: ignore[arg-type]
    assert refs.get_leak_mode() is LeakMode.RAISE


def test_off_keeps_nothing_and_lets_all_pass(caplog: pytest.LogCaptureFixture) -> None:
    plain, thing = Plain(), Thing()
    assert refs.register(plain) is False
    assert refs.register(plain) is False
    refs.unregister(plain)
    refs.unregister(plain)
    assert (refs.live(), refs.leak_check(), caplog.records) == ([], [], [])
    thing.dec_ref()


@CHECKED
def test_switch_to_off_keeps_what_is_there(mode: LeakMode) -> None:
    refs.set_leak_mode(mode)
    plain, kept, thing = Plain(), Plain(), Thing()
    refs.register(plain)
    refs.register(kept)
    refs.set_leak_mode(LeakMode.OFF)
    assert ids(refs.live()) == ids([thing, plain, kept])
    assert refs.leak_check() == []
    thing.dec_ref()
    refs.unregister(plain)
    assert ids(refs.live()) == ids([kept])
    # On again: what was not unregistered meanwhile is known and checked as before.
    refs.set_leak_mode(LeakMode.LOG)
    assert refs.leak_check() == [kept.leak_message()]
    refs.unregister(kept)


@CHECKED
def test_switch_on_leaves_earlier_objects_unknown(mode: LeakMode) -> None:
    plain, thing = Plain(), Thing()
    assert refs.register(plain) is False
    refs.set_leak_mode(mode)
    assert refs.leak_check() == []
    ends: list[int] = []
    thing.dec_ref(lambda: ends.append(1))
    assert ends == [1]
    with pytest.raises(RefsError, match="is not registered"):
        refs.unregister(plain)


# --- leak checks


def test_leaks_are_logged_one_by_one(caplog: pytest.LogCaptureFixture) -> None:
    refs.set_leak_mode(LeakMode.LOG)
    thing, plain, gone = Thing(), Plain(), Thing()
    refs.register(plain)
    thing.inc_ref()
    gone.dec_ref()
    expected = [f"{tag(thing)} reference count of 2 instead of 0", plain.leak_message()]
    assert refs.leak_check() == expected
    assert caplog.record_tuples == [("pykcov.refs", logging.WARNING, line) for line in expected]
    # A check changes nothing: the next one says the same.
    assert refs.leak_check() == expected


def test_leaks_are_raised_all_in_one(caplog: pytest.LogCaptureFixture) -> None:
    refs.set_leak_mode(LeakMode.RAISE)
    things = [Thing(), Thing()]
    expected = tuple(thing.leak_message() for thing in things)
    with pytest.raises(LeakError) as caught:
        refs.leak_check()
    assert caught.value.args == expected
    assert str(caught.value) == "\n".join(["2 leaked object(s):", *expected])
    assert caplog.records == []
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.args) == (LeakError, expected)
    for thing in things:
        thing.dec_ref()
    assert refs.leak_check() == []


def test_a_percent_sign_in_a_message_is_plain_text(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Plain):
        def leak_message(self) -> str:
            return "100%s"

    refs.set_leak_mode(LeakMode.LOG)
    refs.register(Odd())
    assert refs.leak_check() == ["100%s"]
    assert caplog.messages == ["100%s"]


# --- event log


@pytest.mark.parametrize("mode", LeakMode)
def test_each_event_is_logged_with_counts_and_stack(
    mode: LeakMode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pykcov.refs")
    refs.set_leak_mode(mode)
    thing, plain = Thing(logged=True), Plain(logged=True)
    thing.inc_ref()
    thing.try_inc_ref()
    for _ in range(3):
        thing.dec_ref()
    thing.try_inc_ref()
    refs.register(plain)
    refs.unregister(plain)
    expected = [
        (thing, "init_refs 0 -> 1"),
        (thing, "registered"),
        (thing, "inc_ref 1 -> 2"),
        (thing, "try_inc_ref 2 -> 3"),
        (thing, "dec_ref 3 -> 2"),
        (thing, "dec_ref 2 -> 1"),
        (thing, "unregistered"),
        (thing, "dec_ref 1 -> 0"),
        (thing, "try_inc_ref 0 -> 0"),
        (plain, "registered"),
        (plain, "unregistered"),
    ]
    kept = [(o, e) for o, e in expected if mode in KEPT or "registered" not in e]
    assert caplog.messages == [f"{tag(obj)} {event}" for obj, event in kept]
    for record in caplog.records:
        assert (record.name, record.levelno) == ("pykcov.refs", logging.INFO)
        assert "test_each_event_is_logged_with_counts_and_stack" in str(record.stack_info)
    # The line blamed is the one that asked, not one of the counter's own.
    changes = [record for record in caplog.records if "inc_ref" in record.getMessage()]
    assert {record.filename for record in changes} == {Path(__file__).name}


def test_nothing_is_logged_unasked(caplog: pytest.LogCaptureFixture) -> None:
    refs.set_leak_mode(LeakMode.LOG)
    caplog.set_level(logging.WARNING, "pykcov.refs")
    Thing(logged=True).dec_ref()
    caplog.set_level(logging.INFO, "pykcov.refs")
    Thing().dec_ref()
    assert caplog.records == []


def test_an_error_in_logging_does_not_hinder_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pykcov.refs")
    refs.set_leak_mode(LeakMode.LOG)
    thing = Thing()
    thing.log_refs = lambda: 1 / 0 > 1  # type: ignore[method-assign]
    ends: list[int] = []
    with pytest.raises(ZeroDivisionError):
        thing.dec_ref(lambda: ends.append(len(refs.live())))
    assert ends == [0]


# --- pickling and copying


@pytest.mark.parametrize("mode", LeakMode)
@pytest.mark.parametrize("make", [Thing, Slotted])
@pytest.mark.parametrize(
    "clone",
    [lambda thing: pickle.loads(pickle.dumps(thing)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_clone_has_its_own_count_and_is_registered(
    mode: LeakMode, make: type[Thing], clone: Callable[[Thing], Thing]
) -> None:
    refs.set_leak_mode(mode)
    thing = make(logged=True)
    if isinstance(thing, Slotted):
        thing.extra = 5
    thing.inc_ref()
    twin = clone(thing)
    assert (twin.logged, getattr(twin, "extra", 5)) == (True, 5)
    assert refs.live() == ([thing, twin] if mode in KEPT else [])
    assert twin.read_refs() == 2
    twin.dec_ref()
    twin.dec_ref()
    assert (twin.read_refs(), thing.read_refs()) == (0, 2)
    assert refs.live() == ([thing] if mode in KEPT else [])


def test_the_mode_on_load_counts_not_the_one_on_dump() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    thing = Thing()
    data = pickle.dumps(thing)
    thing.dec_ref()
    refs.set_leak_mode(LeakMode.OFF)
    quiet = pickle.loads(data)
    refs.set_leak_mode(LeakMode.RAISE)
    loud = pickle.loads(data)
    assert refs.live() == [loud]
    quiet.dec_ref()
    assert refs.live() == [loud]


def test_a_spent_or_unstarted_count_is_not_registered_on_load() -> None:
    refs.set_leak_mode(LeakMode.RAISE)
    spent = Thing()
    spent.dec_ref()
    for thing in (spent, Refs()):
        twin = pickle.loads(pickle.dumps(thing))
        assert (twin.read_refs(), twin.try_inc_ref(), refs.live()) == (0, False, [])
    pickle.loads(pickle.dumps(Refs())).init_refs()
    with pytest.raises(RefsError, match="started"):
        pickle.loads(pickle.dumps(spent)).init_refs()


def test_a_member_count_is_pickled_with_its_owner() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    twin = pickle.loads(pickle.dumps(Owner()))
    assert (len(refs.live()), twin.refs.ref_type(), twin.refs.read_refs()) == (2, "Owner", 1)


# --- threads


@pytest.mark.usefixtures("eager_switches")
def test_threads_lose_no_count_and_destroy_once() -> None:
    refs.set_leak_mode(LeakMode.RAISE)
    thing = Thing()
    ends: list[int] = []

    def work() -> None:
        for _ in range(60):
            assert thing.try_inc_ref()
            thing.inc_ref()
            Thing().dec_ref()
            thing.dec_ref(lambda: ends.append(1))
        for _ in range(60):
            thing.dec_ref(lambda: ends.append(1))

    run_threads([work] * 4)
    assert (thing.read_refs(), ends, refs.live()) == (1, [], [thing])
    thing.dec_ref(lambda: ends.append(1))
    assert (thing.read_refs(), ends, refs.live()) == (0, [1], [])


@pytest.mark.usefixtures("eager_switches")
def test_the_last_reference_has_one_last_owner() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    for _ in range(15):
        thing = Thing()
        thing.inc_ref()
        ends: list[int] = []

        def drop(thing: Thing = thing, ends: list[int] = ends) -> None:
            thing.dec_ref(lambda: ends.append(thing.read_refs()))

        def look(thing: Thing = thing, ends: list[int] = ends) -> None:
            while thing.try_inc_ref():
                assert not ends
                thing.dec_ref(lambda: ends.append(thing.read_refs()))

        run_threads([drop, drop, look, look])
        assert (thing.read_refs(), ends, refs.live()) == (0, [0], [])


@pytest.mark.usefixtures("eager_switches")
def test_one_of_many_registers_and_one_unregisters() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    for change in (refs.register, refs.unregister):
        plain = Plain()
        if change is refs.unregister:
            refs.register(plain)
        failed: list[RefsError] = []

        def attempt(
            plain: Plain = plain,
            change: Callable[[Plain], object] = change,
            failed: list[RefsError] = failed,
        ) -> None:
            try:
                change(plain)
            except RefsError as error:
                failed.append(error)
            refs.live()

        run_threads([attempt] * 5)
        assert len(failed) == 4


def test_the_map_is_used_under_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = 0

    class Lock:
        def __enter__(self) -> None:
            nonlocal taken
            taken += 1

        def __exit__(self, *error: object) -> None:
            pass

    # Seen from outside it makes no difference where the interpreter has a lock of its own.
    monkeypatch.setattr(refs._state, "lock", Lock())
    refs.set_leak_mode(LeakMode.LOG)
    plain = Plain()
    refs.register(plain)
    assert taken == 1
    refs.live()
    assert taken == 2
    refs.unregister(plain)
    assert taken == 3


def test_no_lock_is_held_while_others_are_called(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pykcov.refs")
    called: set[str] = set()
    main = threading.current_thread()

    class Probe(Refs):
        def note(self, name: str) -> None:
            called.add(name)
            use_locks_elsewhere(self)

        def ref_type(self) -> str:
            self.note("ref_type")
            return "Probe"

        def leak_message(self) -> str:
            self.note("leak_message")
            return "leaked"

        def log_refs(self) -> bool:
            # The other threads' events would ask, and start threads, without end.
            if threading.current_thread() is not main:
                return False
            self.note("log_refs")
            return True

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            probe.note(f"handler of {record.name}")

    probe = Probe()
    handler = Handler()
    logger = logging.getLogger("pykcov.refs")
    logger.addHandler(handler)
    try:
        refs.set_leak_mode(LeakMode.LOG)
        probe.init_refs()
        probe.inc_ref()
        probe.try_inc_ref()
        refs.leak_check()
        for _ in range(3):
            probe.dec_ref(lambda: probe.note("destroy"))
        for misuse in (probe.inc_ref, probe.dec_ref, probe.init_refs):
            with pytest.raises(RefsError):
                misuse()
        with pytest.raises(RefsError):
            refs.unregister(probe)
    finally:
        logger.removeHandler(handler)
    assert called == {"ref_type", "leak_message", "log_refs", "handler of pykcov.refs", "destroy"}


# --- re-entry


@contextmanager
def at_each_line(action: Callable[[], object]) -> Iterator[None]:
    """Call ``action`` before each line of the module, as a finalizer might be at the worst."""

    def on_line(_frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            action()
        return on_line

    def on_call(frame: FrameType, _event: str, _arg: object) -> Any:
        return on_line if frame.f_code.co_filename == refs.__file__ else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield
    finally:
        sys.settrace(before)


def test_a_count_survives_re_entry_at_each_line() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    thing = Thing()
    inner = 0

    def re_enter() -> None:
        nonlocal inner
        assert thing.try_inc_ref()
        inner += 1

    with at_each_line(re_enter):
        for _ in range(5):
            thing.inc_ref()
        assert thing.try_inc_ref()
        thing.dec_ref()
    assert inner > 30
    assert thing.read_refs() == 1 + 5 + inner


def end_at_line(outer: str, line: int) -> tuple[bool, list[str]] | None:
    """Let go of a reference within a call of ``outer``, before its line of that number.

    Returns whether a reference was left and who destroyed; None if there is no such line.
    """
    thing = Thing()
    ends: list[str] = []
    lines = 0

    def re_enter() -> None:
        nonlocal lines
        lines += 1
        if lines == line:
            thing.dec_ref(lambda: ends.append("inner"))

    if outer == "dec_ref":
        thing.inc_ref()
    with at_each_line(re_enter):
        if outer == "dec_ref":
            thing.dec_ref(lambda: ends.append("outer"))
        left = outer == "try_inc_ref" and thing.try_inc_ref()
    if lines < line:
        return None
    assert thing.read_refs() == left
    assert refs.live() == [thing] * left
    if left:
        thing.dec_ref()
    return left, ends


@pytest.mark.parametrize(
    ("outer", "expected"),
    [
        ("try_inc_ref", [(True, []), (False, ["inner"])]),
        ("dec_ref", [(False, ["inner"]), (False, ["outer"])]),
    ],
)
def test_the_end_may_come_by_re_entry_at_any_line(
    outer: str, expected: list[tuple[bool, list[str]]]
) -> None:
    refs.set_leak_mode(LeakMode.RAISE)
    outcomes = [end_at_line(outer, line) for line in range(1, 100)]
    seen = [outcome for outcome in outcomes if outcome is not None]
    assert 5 < len(seen) < len(outcomes)
    assert all(outcome in expected for outcome in seen)
    assert all(outcome in seen for outcome in expected)


def test_the_map_survives_re_entry_at_each_line() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    kept: list[Plain] = []

    def re_enter() -> None:
        kept.append(Plain())
        refs.register(kept[-1])
        gone = Thing()
        assert refs.live()[-1] is gone
        gone.dec_ref()

    outer = [Plain() for _ in range(3)]
    with at_each_line(re_enter):
        for plain in outer:
            refs.register(plain)
        seen = refs.live()
        refs.leak_check()
        for plain in outer:
            refs.unregister(plain)
    assert len(kept) > 30
    assert set(ids(outer)) <= set(ids(seen))
    assert ids(refs.live()) == ids(kept)


def test_finalizers_may_count_and_register() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    thing = Thing()
    finalized = 0

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            nonlocal finalized
            finalized += 1
            thing.inc_ref()
            Thing().dec_ref()
            refs.live()

    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for _ in range(200):
            Cycle()
            thing.inc_ref()
            other = Thing()
            refs.leak_check()
            other.dec_ref()
            thing.dec_ref()
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert finalized == 200
    assert (thing.read_refs(), refs.live()) == (201, [thing])


def test_both_locks_let_their_own_thread_in_again() -> None:
    refs.set_leak_mode(LeakMode.LOG)
    thing = Thing()

    def run() -> None:
        with refs._state.lock, thing._refs_counter.locks[refs._state.era]:
            thing.inc_ref()
            thing.dec_ref()
            Thing().dec_ref()
            refs.leak_check()

    run_threads([run])


# --- fork


def run_child(body: Callable[[], object]) -> None:
    """Run ``body`` in a forked child, and fail if it raises or hangs there."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(5)  # ends a child that waits for a lock for ever
            body()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_is_not_stopped_by_locks_held_at_the_fork() -> None:
    refs.set_leak_mode(LeakMode.RAISE)
    thing = Thing()
    counter_lock = thing._refs_counter.locks[refs._state.era]
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with refs._state.lock, counter_lock:
            held.set()
            done.wait(10)

    def use() -> None:
        for _ in range(20):
            thing.inc_ref()
            Thing().dec_ref()
            thing.dec_ref()

    def body() -> None:
        use()
        run_threads([use] * 3)
        with pytest.raises(LeakError, match="count of 1 instead"):
            refs.leak_check()
        # A lock made after the first fork may be held at a second one.
        with refs._state.lock, thing._refs_counter.locks[refs._state.era]:
            run_child(lambda: run_threads([use]))
        ends: list[int] = []
        thing.dec_ref(lambda: ends.append(1))
        assert (ends, refs.leak_check()) == ([1], [])

    holder = threading.Thread(target=hold, daemon=True)
    holder.start()
    try:
        assert held.wait(5)
        assert not counter_lock.acquire(blocking=False)
        assert not refs._state.lock.acquire(blocking=False)
        run_child(body)
    finally:
        done.set()
        holder.join(5)
    # What the child did was done to its own copies.
    assert (thing.read_refs(), refs.live()) == (1, [thing])


# --- against a model


class Model:
    """What a count should be."""

    def __init__(self, thing: Thing, count: int) -> None:
        self.thing, self.count, self.ends = thing, count, 0
        self.wanted_ends = 0

    def destroy(self) -> None:
        assert all(obj is not self.thing for obj in refs.live())
        self.ends += 1


class RefsMachine(RuleBasedStateMachine):
    """Any order of calls and mode switches, by one thread, next to lists and plain numbers."""

    things = Bundle("things")
    plains = Bundle("plains")

    def __init__(self) -> None:
        super().__init__()
        reset()
        self.mode = LeakMode.OFF
        self.models: list[Model] = []
        self.live: list[Any] = []

    def teardown(self) -> None:
        reset()

    def meet(self, thing: Thing, count: int) -> Model:
        model = Model(thing, count)
        self.models.append(model)
        if self.mode is not LeakMode.OFF and count:
            self.live.append(thing)
        return model

    def forget(self, obj: object) -> None:
        self.live = [other for other in self.live if other is not obj]

    @rule(mode=st.sampled_from(LeakMode))
    def switch(self, mode: LeakMode) -> None:
        refs.set_leak_mode(mode)
        self.mode = mode

    @rule(target=things)
    def make(self) -> Model:
        return self.meet(Thing(), 1)

    @rule(target=things, model=things)
    def clone(self, model: Model) -> Model:
        return self.meet(pickle.loads(pickle.dumps(model.thing)), model.count)

    @rule(model=things)
    def inc(self, model: Model) -> None:
        if model.count:
            model.thing.inc_ref()
            model.count += 1
        else:
            with pytest.raises(RefsError):
                model.thing.inc_ref()

    @rule(model=things)
    def try_inc(self, model: Model) -> None:
        assert model.thing.try_inc_ref() == (model.count > 0)
        model.count += model.count > 0

    @rule(model=things)
    def dec(self, model: Model) -> None:
        if model.count == 1:
            self.forget(model.thing)
            model.wanted_ends = 1
        if model.count:
            model.thing.dec_ref(model.destroy)
            model.count -= 1
        else:
            with pytest.raises(RefsError):
                model.thing.dec_ref(model.destroy)

    @rule(target=plains)
    def make_plain(self) -> Plain:
        return Plain()

    @rule(plain=plains)
    def register(self, plain: Plain) -> None:
        if self.mode is LeakMode.OFF:
            assert refs.register(plain) is False
        elif id(plain) in ids(self.live):
            with pytest.raises(RefsError):
                refs.register(plain)
        else:
            assert refs.register(plain) is True
            self.live.append(plain)

    @rule(plain=plains)
    def unregister(self, plain: Plain) -> None:
        if id(plain) in ids(self.live) or self.mode is LeakMode.OFF:
            refs.unregister(plain)
            self.forget(plain)
        else:
            with pytest.raises(RefsError):
                refs.unregister(plain)

    @rule()
    def check(self) -> None:
        expected = [obj.leak_message() for obj in self.live]
        if self.mode is LeakMode.RAISE and expected:
            with pytest.raises(LeakError) as caught:
                refs.leak_check()
            assert list(caught.value.args) == expected
        else:
            assert refs.leak_check() == (expected if self.mode is LeakMode.LOG else [])

    @invariant()
    def same(self) -> None:
        assert refs.get_leak_mode() is self.mode
        assert ids(refs.live()) == ids(self.live)
        for model in self.models:
            assert (model.thing.read_refs(), model.ends) == (model.count, model.wanted_ends)


def test_any_order_of_calls_agrees_with_the_model() -> None:
    run_state_machine_as_test(
        RefsMachine,
        settings=settings(max_examples=15, stateful_step_count=20, deadline=None, database=None),
    )
