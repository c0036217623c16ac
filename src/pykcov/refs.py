"""The map of live objects, and leak checks, after gVisor's ``pkg/refs``.

An object that others depend on (a kcov: its memory, its handles) is in the map from its creation
until nobody needs it. It doesn't count references, but finds out who needs it: a count that an
exception has made wrong would stay wrong (docs/decisions/13). Tests treat leaks as errors; outside
of tests the map is empty.

There are no locks. Each function changes or copies the map in a single C call, during which no
other thread and no signal handler runs, and no finalizer either, because the call allocates nothing
that the garbage collector tracks. So each may be called from all of them, and in a forked child.
"""

from __future__ import annotations

from typing import Protocol


class LeakError(AssertionError):
    """Objects were still alive at a `leak_check`; ``args`` are their messages."""

    def __str__(self) -> str:
        return "\n".join([f"{len(self.args)} leaked object(s):", *self.args])


class CheckedObject(Protocol):
    """What the map needs from an object, which need not be hashable."""

    def ref_type(self) -> str: ...  # the type's name
    def leak_message(self) -> str: ...  # the line that reports the object as leaked


_is_checked = False
# By id; the map keeps the object alive, so no other object can get its id.
_live: dict[int, CheckedObject] = {}


def set_checked(on: bool) -> None:
    """Turn checking on or off; best called before the first object is made. Objects in the map stay
    until they are dropped."""
    global _is_checked
    _is_checked = on


def keep(obj: CheckedObject) -> None:
    """Add an object. Repeated calls do nothing."""
    if _is_checked:
        _live[id(obj)] = obj


def drop(obj: CheckedObject) -> None:
    """Remove an object that nobody needs any more. Repeated calls do nothing."""
    _live.pop(id(obj), None)


def live() -> list[CheckedObject]:
    """Return the live objects in order of creation."""
    copy: dict[
        int, CheckedObject
    ] = {}  # a statement of its own: making a dict may start a garbage collection
    copy |= _live
    return list(copy.values())


def leak_check() -> None:
    """Check that no objects are alive, once all should be gone. Raises LeakError."""
    if messages := [obj.leak_message() for obj in live()]:
        raise LeakError(*messages)
