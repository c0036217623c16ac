"""Reference counts with leak checks, after the semantics of gVisor's ``pkg/refs``.

Locks: each counter has one and the map of live objects has one. Both are leaves: none is taken
while another is held; should that ever be needed, the counter's goes first. ``destroy``, the
`CheckedObject` methods and logging are called with neither held (so logs may be out of order).

Re-entry: a garbage-collector finalizer may call any function here, at any point. What is done
under a lock has no call, no loop and no allocation the collector counts, so CPython runs no
finalizer and no signal handler there. A trace function may still let one in, between two
lines: hence the locks are re-entrant (a plain one would wait for its own thread), and a count
is read, tested and stored by one line (a re-entrant lock alone would lose the inner update).

Fork: the child's counts and map are its own copies. Threads that held a lock at the fork are
not in it, so it gets a new map lock, and each counter a new lock on its next use.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

_log = logging.getLogger("pykcov.refs")


class RefsError(AssertionError):
    """A bug of ours. No RuntimeError: callers catch that for ordinary failures, and hide it."""


class LeakError(RefsError):
    """Objects were still registered at a `leak_check`; ``args`` are their messages."""

    def __str__(self) -> str:
        return "\n".join([f"{len(self.args)} leaked object(s):", *self.args])


class LeakMode(enum.Enum):
    """What is done about leaks: nothing, a warning for each, or one `LeakError` for all."""

    OFF = "off"
    LOG = "log"
    RAISE = "raise"


class CheckedObject(Protocol):
    """What the live map asks of an object, which need be neither hashable nor a `Refs`."""

    def ref_type(self) -> str: ...  # the type's name, for messages
    def leak_message(self) -> str: ...  # the line that reports the object as leaked
    def log_refs(self) -> bool: ...  # whether to log its events, each with a stack


class _State:
    mode = LeakMode.OFF
    era = 0
    lock = threading.RLock()

    def after_fork(self) -> None:
        self.lock, self.era = threading.RLock(), self.era + 1


_state = _State()
# By id; as the map holds the object, its id cannot pass to another one.
_live: dict[int, CheckedObject] = {}
after_fork = _state.after_fork  # called in a forked child, before all that counts (forks.py)


def _name(obj: CheckedObject) -> str:
    return f"[{obj.ref_type()} {id(obj):#x}]"


def _log_event(obj: CheckedObject, event: str, *counts: int) -> None:
    if _log.isEnabledFor(logging.INFO) and obj.log_refs():
        what = " ".join([_name(obj), event, " -> ".join(map(str, counts))]).rstrip()
        _log.info("%s", what, stack_info=True, stacklevel=3)  # 3: who called for the event


def set_leak_mode(mode: LeakMode) -> None:
    """Set what is done about leaks; best before the first object is made.

    A switch leaves the live map as it is. Objects met in OFF stay unknown: a `Refs` remembers
    that and goes quietly, others must go by what `register` returned. Objects registered before
    OFF can still be unregistered in it; those that were not are checked again once it is left.
    Args: mode: the new mode. Raises: ValueError: it is not a LeakMode.
    """
    _state.mode = LeakMode(mode)


def get_leak_mode() -> LeakMode:
    """Return the mode in force; OFF at first."""
    return _state.mode


def register(obj: CheckedObject) -> bool:
    """Add an object to the live map, which holds it until `unregister`; in OFF do nothing.

    Args: obj: the object, known by its identity. Raises: RefsError: it is there already.
    Returns whether it was added, hence whether it is to be unregistered.
    """
    if _state.mode is LeakMode.OFF:
        return False
    key = id(obj)
    with _state.lock:
        known = key in _live
        _live[key] = obj  # no change if known
    if known:
        raise RefsError(f"{_name(obj)} is registered already")
    _log_event(obj, "registered")
    return True


def unregister(obj: CheckedObject) -> None:
    """Take an object out of the live map, in any mode.

    Args: obj: the object. Raises: RefsError: it is not registered and the mode is not OFF.
    """
    key = id(obj)
    with _state.lock:
        known = key in _live
        if known:
            del _live[key]
    if known:
        _log_event(obj, "unregistered")
    elif _state.mode is not LeakMode.OFF:
        raise RefsError(f"{_name(obj)} is not registered")


def keep(obj: CheckedObject) -> None:
    """As `register`, in one step, and without an error: twice is once."""
    if _state.mode is not LeakMode.OFF:
        _live[id(obj)] = obj


def drop(obj: CheckedObject) -> None:
    """As `unregister`, in one step, and without an error: twice is once."""
    _live.pop(id(obj), None)


def live() -> list[CheckedObject]:
    """Return the registered objects, in order of registration, whatever the mode."""
    copy: dict[int, CheckedObject] = {}  # made out here: a new dict may set the collector off
    with _state.lock:
        copy |= _live
    return list(copy.values())


def leak_check() -> list[str]:
    """Report the registered objects as leaked; to be called once all should be gone.

    Returns their messages, none in OFF; in LOG each is also logged, as a warning.
    Raises: LeakError: there are any and the mode is RAISE.
    """
    mode = _state.mode
    messages = [] if mode is LeakMode.OFF else [obj.leak_message() for obj in live()]
    if messages and mode is LeakMode.RAISE:
        raise LeakError(*messages)
    for message in messages:
        _log.warning("%s", message)
    return messages


class _Counter:
    # Apart from its owner, whose class may have its own __setattr__, and slotted: so that to
    # store the count under the lock runs no other code and allocates nothing collected.
    __slots__ = ("locks", "n", "registered")

    def __init__(self, n: int) -> None:
        self.n, self.registered, self.locks = n, False, {_state.era: threading.RLock()}

    def __reduce__(self) -> tuple[type[_Counter], tuple[int]]:
        return _Counter, (self.n,)

    def add(self, step: int) -> int:
        """Add ``step`` unless the count is spent; return the count before."""
        era = _state.era
        # After a fork: setdefault is atomic, so all threads of the child get the same lock.
        with self.locks.get(era) or self.locks.setdefault(era, threading.RLock()):
            self.n = (before := self.n) + (step if before > 0 else 0)
        return before


class Refs:
    """A reference count, to inherit from or to hold as a member; zero before `init_refs`.

    A failed call leaves the count as it was. An instance pickles with its count, not its lock;
    it, or a copy, is registered anew on load if the count is not zero. A subclass with a
    ``__setstate__`` of its own must call this one's.
    """

    _refs_counter = _Counter(0)  # stands for a count not started, and never leaves zero
    _refs_type: str | None = None

    def init_refs(self, ref_type: str | None = None) -> None:
        """Start the count at one and register the object; before any other thread sees it.

        Args: ref_type: a name for messages, if not the class's. Raises: RefsError: done before.
        """
        if self._refs_counter is not Refs._refs_counter:
            raise RefsError(f"{_name(self)} init_refs on a started count of {self.read_refs()}")
        self._refs_type, self._refs_counter = ref_type, _Counter(1)
        _log_event(self, "init_refs", 0, 1)
        self._refs_counter.registered = register(self)

    def ref_type(self) -> str:
        """Return the name given to `init_refs`, or else the class's."""
        return self._refs_type or type(self).__name__

    def leak_message(self) -> str:
        """Return the line that reports this object as leaked, with its count."""
        return f"{_name(self)} reference count of {self.read_refs()} instead of 0"

    def log_refs(self) -> bool:
        """Return False. Overridden to return true, each event is logged, in any mode."""
        return False

    def read_refs(self) -> int:
        """Return the count, which other threads may be changing."""
        return self._refs_counter.n

    def inc_ref(self) -> None:
        """Take one more reference. Raises: RefsError: the count is zero."""
        before = self._refs_counter.add(1)
        if before <= 0:
            raise RefsError(f"{_name(self)} inc_ref on a reference count of {before}")
        _log_event(self, "inc_ref", before, before + 1)

    def try_inc_ref(self) -> bool:
        """Take a reference unless the count is zero; return whether it was taken."""
        before = self._refs_counter.add(1)
        _log_event(self, "try_inc_ref", before, before + (before > 0))
        return before > 0

    def dec_ref(self, destroy: Callable[[], object] | None = None) -> None:
        """Let go of one reference; with the last, unregister the object, then destroy it.

        Args: destroy: called once, by the call that lets go of the last reference.
        Raises: RefsError: the count is zero already; or what ``destroy`` raises.
        """
        before = self._refs_counter.add(-1)
        if before <= 0:
            raise RefsError(f"{_name(self)} dec_ref on a reference count of {before}")
        try:
            if before == 1 and self._refs_counter.registered:  # else unknown: met in OFF
                unregister(self)
            _log_event(self, "dec_ref", before, before - 1)
        finally:  # nobody can ask again, so an error in logging must not hinder it
            if before == 1 and destroy is not None:
                destroy()

    def __setstate__(self, state: Any) -> None:
        fields, slots = state if isinstance(state, tuple) else (state, None)
        self.__dict__.update(fields or {})
        for name, value in (slots or {}).items():
            setattr(self, name, value)
        if "_refs_counter" in self.__dict__:  # made anew: a shallow copy has the original's
            self._refs_counter = _Counter(self.read_refs())
            self._refs_counter.registered = self.read_refs() > 0 and register(self)
