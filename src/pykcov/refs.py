"""The map of live objects, and leak checks, after gVisor's ``pkg/refs``.

An object that others depend on (a kcov: its memory, its handles) is in the map from when it is made
until nobody needs it. It isn't counted, but asked who needs it: a count that an exception has left
wrong stays wrong (docs/decisions/13). Tests run with leaks as errors; else the map is empty.

There are no locks. Each function changes or copies the map in one step of C, between which neither
another thread runs nor a signal handler, nor, since nothing is allocated there that the collector
counts, a finalizer. So each may be called from all of them, and in a forked child.
"""

from __future__ import annotations

from typing import Protocol


class LeakError(AssertionError):
    """Objects were still alive at a `leak_check`; ``args`` are their messages."""

    def __str__(self) -> str:
        return "\n".join([f"{len(self.args)} leaked object(s):", *self.args])


class CheckedObject(Protocol):
    """What the map asks of an object, which need not be hashable."""

    def ref_type(self) -> str: ...  # the type's name
    def leak_message(self) -> str: ...  # the line that reports the object as leaked


_is_checked = False
# By id; as the map holds the object, its id cannot pass to another one.
_live: dict[int, CheckedObject] = {}


def set_checked(on: bool) -> None:
    """Note objects from now on, or no more. Those that are in the map stay until they are dropped;
    best before the first one is made."""
    global _is_checked
    _is_checked = on


def keep(obj: CheckedObject) -> None:
    """An object lives. Twice is once."""
    if _is_checked:
        _live[id(obj)] = obj


def drop(obj: CheckedObject) -> None:
    """Nobody needs it any more. Twice is once."""
    _live.pop(id(obj), None)


def live() -> list[CheckedObject]:
    """Return the objects that live, in the order in which they were made."""
    copy: dict[int, CheckedObject] = {}  # made before: a new dict may set the collector off
    copy |= _live
    return list(copy.values())


def leak_check() -> None:
    """See that no object lives; to be called once all should be gone. Raises LeakError."""
    if messages := [obj.leak_message() for obj in live()]:
        raise LeakError(*messages)
