"""Sections of remote coverage: parts of a program's execution that another kcov collects.

A section records the context that it was started in, and contexts copied from it, into its own
memory. When it is stopped, its records are published: they are appended, all at once and in order,
to the area of the kcov that registered its handle. They are dropped if that kcov has been disabled
meanwhile, or its client has begun a new generation (probe/csrc/control.h).

A forked child keeps the registrations that it inherited. It shares area and page with its parent,
so it publishes into the same area as long as the page says that the ENABLE is still in force.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Callable
from typing import Any

from pykcov import forks, probe
from pykcov.abi.kcov import CMP_WORDS, KCOV_TRACE_CMP, WORD
from pykcov.device import inherit
from pykcov.device.idle import Idle
from pykcov.device.inside import Inside
from pykcov.device.labels import Label
from pykcov.device.registration import Collecting, Registration
from pykcov.device.remote_arg import RemoteArg
from pykcov.device.watcher import FRAME_DROPPED, FRAME_LAST, Watcher
from pykcov.probe.steps import as_whole

_IDLE_MOST = 32 << 20  # bytes of memory to keep for the next sections
_WATCHED = 1 << 18  # words of a section that is only watched
_NO_PCS = bytes(2 * WORD)  # an empty area: watchers get no PCs from a section of comparisons

_OVER, _DROPPED, _AFTER = FRAME_LAST, FRAME_DROPPED, 4  # flags of Ticket.publish()

_registry: dict[int, Registration] = {}
_collecting: dict[int, Registration] = {}  # by id of the kcov, which the registration keeps alive
_numbers = itertools.count(1)
_new_lock = threading.Lock  # not gevent's, which would run other greenlets
_lock = threading.Lock()  # guards the registry; taken while a kcov's own lock is held
_idle = Idle(_IDLE_MOST)
_take, _give_back = _idle.take, _idle.give_back

# Called with the handles that a kcov registers, and the registration; None when they end.
listeners: list[Callable[[Collecting, tuple[int, ...], Registration | None], object]] = []
# Looks up handles that another process has registered.
elsewhere: Callable[[int], Registration | None] | None = None
# Looks up the watcher of all sections.
watcher: Callable[[], Watcher | None] | None = None
# Returns this process's number in the counts of sections, so that its death is noticed.
process: Callable[[], int] = os.getpid


def registered(handle: int) -> Registration | None:
    """Return a handle's registration in this process, or in the device that it has joined."""
    forks.notice()
    found = _registry.get(handle)
    if found is not None and found.holds():
        return found
    return None if elsewhere is None else elsewhere(handle)


class Handles:
    """Return the registered handles, for use with `in`."""

    def __contains__(self, handle: object) -> bool:
        return isinstance(handle, int) and registered(handle) is not None


HANDLES = Handles()


def register(kcov: Collecting, arg: RemoteArg) -> int:
    """Register all handles, or none; return the errno, or 0. Preconditions: kcov.shared is held."""
    return probe.under(_lock, _register, kcov, arg)


def _register(kcov: Collecting, arg: RemoteArg) -> int:
    error = arg.refused(HANDLES)
    if not error and arg.all_handles:
        made = Registration(kcov, arg.area_size, arg.trace_mode == KCOV_TRACE_CMP)
        _collecting[id(kcov)] = made
        _registry.update(dict.fromkeys(arg.all_handles, made))
        for listener in listeners:
            listener(kcov, arg.all_handles, made)
    return error


def unregister(kcov: Collecting) -> None:
    """Forget the handles of a kcov. Repeated calls do nothing."""
    if not has_handles(kcov):
        return
    probe.under(_lock, _unregister, kcov)
    for listener in listeners:
        listener(kcov, (), None)
    _collecting.pop(id(kcov), None)


def _unregister(kcov: Collecting) -> None:
    for handle in [handle for handle, found in _registry.items() if found.kcov is kcov]:
        _registry.pop(handle, None)


def has_handles(kcov: Collecting) -> bool:
    """Is a handle registered with it? A forked child's registration outlives its descriptor."""
    return id(kcov) in _collecting


class Section:
    """One section. Any thread may stop it, or publish its records so far.

    complete: whether all records were published; None until it is stopped. label: its description
    for watchers.
    """

    label: Label | None = None

    def __init__(self, handle: int, registration: Registration | None) -> None:
        """registration: None if the section is only watched. Raises OSError or MemoryError if there
        is no memory for it; it is then counted as lost."""
        self._handle, self._registration = handle, registration
        self._number = os.getpid() << 32 | next(_numbers)
        self._ticket: probe.Ticket | None = None
        if registration is not None:
            kcov = registration.kcov
            self._ticket = kcov.shared.begin(kcov.memory(), registration.sequence, process())
        self._words = _take(registration.size if registration else _WATCHED)
        blocks = registration is not None and registration.kcov.recording_mode == "blocks"
        self._comparisons = registration is not None and registration.comparisons
        self._recorder = probe.Recorder(self._words, blocks, comparisons=self._comparisons)
        self._recorder.handle = handle
        self._token: Any = None
        self.complete: bool | None = None
        self._lock = _new_lock()  # nobody may publish memory that stop() has given back
        self._whole = True
        self._answered = False  # what is recorded from now on is after-work
        self._told = False  # the watcher has its last frame
        self._unseen = False  # a frame found no room, so the watcher has a gap

    def open(self) -> None:
        """Record the current context, and contexts copied from it, until stop()."""
        self._token = probe.section_open(self._recorder)

    def _stop(self) -> None:
        if self._is_parents():
            self.complete = False
        else:
            probe.under(self._lock, self._end)

    @as_whole(mend=_stop)
    def stop(self) -> None:
        """End the section and publish its records. Repeated calls do nothing."""
        self._stop()

    def _end(self) -> None:
        """Do stop(). Until `complete` is set, each step can be repeated."""
        if self.complete is not None:
            return
        if self._token is None:  # never opened, or an exception came first
            probe.section_close(self._recorder)
        else:
            probe.section_close(self._recorder, self._token)
        self._append(FRAME_LAST)
        self.complete = self._whole
        del self._recorder
        _give_back(self._words)  # only once, or two sections would get it

    def publish(self, *, answered: bool = False) -> None:
        """Publish what was recorded so far, and keep recording.

        answered: the client is about to have the whole answer; the rest is after-work.
        """
        if not self._is_parents():
            probe.under(self._lock, self._publish_part, answered)

    def _publish_part(self, answered: bool) -> None:
        if self.complete is None:
            self._append(0)
            self._answered |= answered

    def renew(self) -> None:
        """Publish what was recorded so far, and move to the current generation, because the client
        has sent another message."""
        if self._ticket is None or self._is_parents():
            return
        probe.under(self._lock, self._renew, self._ticket)

    def _renew(self, ticket: probe.Ticket) -> None:
        if self.complete is None:
            self._append(0)
            self._answered = False
            if ticket.renew():
                self._whole = True

    def _is_parents(self) -> bool:
        """Was it begun before a fork? Then the parent continues it."""
        return self._number >> 32 != os.getpid()

    def _append(self, flags: int) -> None:
        recorder = self._recorder
        recorder.consume()
        if recorder.counters is not None:
            recorder.counters.clear()
        watching = watcher and watcher()
        if watching and not self._told:
            flags |= FRAME_DROPPED * (recorder.dropped or self._unseen)
            words = _NO_PCS if self._comparisons else self._words
            text = self.label.encode() if self.label and flags & FRAME_LAST else b""
            self._unseen |= not watching.report(words, self._handle, self._number, flags, text)
            self._told = bool(flags & FRAME_LAST)
        if self._registration is None or self._ticket is None:
            self._words[:WORD] = bytes(WORD)
        else:
            self._publish(self._registration.kcov, self._ticket, bool(flags & FRAME_LAST))

    def _publish(self, kcov: Collecting, ticket: probe.Ticket, is_last: bool) -> None:
        dropped = self._recorder.dropped
        if dropped:
            self._recorder.dropped = False
        records = int.from_bytes(self._words[:WORD], "little")
        flags = _OVER * is_last | _DROPPED * dropped | _AFTER * self._answered
        words = CMP_WORDS if self._comparisons else 1
        published = ticket.publish(self._words, words, flags)
        if published >= 0:
            kcov.dropped |= published < records or dropped
        # Other threads of the section may have recorded more since it was counted.
        is_whole = published >= records or (published < 0 and not records)
        self._whole = self._whole and is_whole and not dropped

    def leave(self) -> None:
        """Take the current context out of the section. Contexts copied from it are unaffected;
        enter() brings it back, or inside() temporarily."""
        with probe.quiet:
            probe.section_var.set(None)

    def enter(self) -> None:
        """Put the current context into the section, unless that has ended."""
        if self.complete is None:
            with probe.quiet:
                probe.section_var.set(self._recorder)

    def inside(self) -> Inside:
        """Return a context manager that puts the current context into the section. For generators,
        which have no context of their own."""
        return Inside(None if self.complete is not None else self._recorder)


def may_start() -> bool:
    """Is neither a kcov of this thread nor a section of this context recording?"""
    return probe.attached() is None and probe.section() is None


@as_whole()
def start(handle: int, given: int | str | None = None) -> Section | None:
    """Start a section, with a label if a name is `given`. Returns None if nobody collects the
    handle or watches, if this thread's own kcov is enabled, if a section is open in this context
    (sections don't nest), or if there is no memory for one."""
    registration = registered(handle)
    if registration is None:
        watching = watcher and watcher()
        if not watching or watching.yields():
            return None
    if not may_start():
        return None
    if inherit.INHERITS:
        inherit.install()
    try:
        section = Section(handle, registration)
    except MemoryError:
        return None
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        return None  # the client chose the size, sees it as lost, and is the only one hurt
    if given is not None:
        section.label = Label(str(given))
    try:
        section.open()
        return section
    except BaseException:  # otherwise nobody would stop it
        section.stop()
        raise


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    _idle.clear()


forks.in_child(_after_fork)
