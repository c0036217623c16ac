"""A process whose service's device is shown by another process, which forked or started it.

It publishes its sections itself, into areas that it maps when it first sees a handle. So serving
requests needs no messages.
"""

from __future__ import annotations

import errno
import mmap
import os
import threading
import time
from typing import Any

from pykcov import forks
from pykcov.abi.kcov import KCOV_MODE_TRACE_CMP, WORD
from pykcov.device import sections
from pykcov.device.area import map_words
from pykcov.device.registration import Registration
from pykcov.device.watcher import Watcher
from pykcov.errors import PykcovError
from pykcov.probe import Recorder, Shared, quiet, watch_device
from pykcov.service import extent
from pykcov.service.connection import Link, document
from pykcov.service.handle_table import Table, is_value_of
from pykcov.service.holder import Holder
from pykcov.service.protocol import Kind, Type

_BLOCKS, _COMPARISONS = 63, 62  # bits of FETCH's word
_SIZE = (1 << _COMPARISONS) - 1
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_KEPT = 32  # descriptors to keep mapped before checking which are closed


class Elsewhere:
    """A kcov of another process, as far as sections need it."""

    def __init__(
        self, memory: int, pages: int, offset: int, blocks: bool, comparisons: bool
    ) -> None:
        """memory, pages: memfds of it, and of pages; its own is at `offset`. comparisons:
        KCOV_REMOTE_ENABLE is to collect these."""
        self.shared = Shared(pages, True, offset)
        self.comparisons = comparisons
        self.recording_mode = "blocks" if blocks else "trace"
        self.dropped = False
        self._memory = map_words(memory, os.fstat(memory).st_size // WORD)

    def memory(self) -> mmap.mmap:
        return self._memory

    def words(self) -> memoryview:
        """Only the area."""
        return memoryview(self._memory)[: self.shared.size * WORD]


class Member:
    """This process's part in the device `name`, for as long as one process shows it."""

    def __init__(self, name: str, table: Table | None = None, holder: Holder | None = None) -> None:
        """table, holder: the device's, and who shows it, inherited over fork; else they are asked
        for. Raises PykcovError as Link does."""
        self.name = name
        self._lock = threading.Lock()
        self._process = os.getpid() if table is None else -1
        path = None if holder is None else holder.path
        self._link = Link(name, Kind.MEMBER, path=path) if table is None else None
        self.instrumented: dict[str, Any] = {}  # what session.restore() takes; not after a fork
        if table is None:
            _, payload, files = self._linked().request(Type.TABLE, files=2)
            self.instrumented = document(payload, {})
            shared, said = files
            table = Table(shared, said)
        self.table = table
        self.holder = holder if self._link is None and holder else Holder.of(self._linked())
        self._met: dict[int, Registration] = {}
        self._identity = 0  # what its sections are counted under; 0 until it has a link
        self._sweep_at = 2 * _KEPT
        self._collected = 0
        self._recorder: Recorder | None = None
        self._watched = 0
        self._watcher: Watcher | None = None

    def _linked(self) -> Link:
        # A forked child has its own.
        if self._link is None or self._link.closed or self._process != os.getpid():
            link = Link(self.name, Kind.MEMBER, path=self.holder.path)
            if link.info["table"] != self.table.identity:
                link.close()
                raise PykcovError("device-missing", f"{self.name!r} is now another device")
            self._link, self._process = link, os.getpid()
        self._identity = self._link.word
        return self._link

    def identity(self) -> int:
        """What this process's sections are counted under: the device sees by it when we die."""
        if not self._identity:
            with quiet, self._lock:
                try:
                    self._linked()
                except (PykcovError, OSError):
                    return os.getpid()
        return self._identity

    def find(self, handle: int) -> Registration | None:
        """Return a handle's registration with any descriptor of the device."""
        if self.holder.may_have_changed() and (member := self.follow()) is not None:
            return member.find(handle)
        value = self.table.get(handle)
        if value is None:
            return None
        found = self._met.get(value)
        if found is None:
            found = self._meet(value)
        return found if found is not None and found.holds() else None

    def _meet(self, value: int) -> Registration | None:
        with quiet, self._lock:
            try:
                fetched = self._fetch(value)
            except MemoryError:
                return None
            if fetched is None:
                return None
            kcov, size = fetched
            if len(self._met) >= self._sweep_at:
                self._met = {v: known for v, known in self._met.items() if known.holds()}
                self._sweep_at = 2 * max(len(self._met), _KEPT)
            made = Registration(kcov, size, kcov.comparisons)
            if not is_value_of(value, made.sequence):
                return None  # that ENABLE is over, and the page is another one's
            self._met[value] = made
            return made

    def _fetch(self, value: int) -> tuple[Elsewhere, int] | None:
        """Return a kcov, and the words of its sections; None if it is closed or the device gone.

        Raises MemoryError when this process has no file or memory for it: later it may. An error of
        any other kind is a signal handler's, and passes.
        """
        try:
            return self._fetched(value)
        except OSError as error:
            if error.errno in _EXHAUSTED:
                raise MemoryError(str(error)) from None
            raise

    def _fetched(self, value: int) -> tuple[Elsewhere, int] | None:
        for _ in range(2):
            try:
                error, size, payload, files = self._linked().ask(Type.FETCH, value)
            except ConnectionResetError:
                continue  # connect again
            except PykcovError:
                return None
            if error:
                return None
            memory, pages = (file.fileno() for file in files)
            flags = (bool(size >> bit & 1) for bit in (_BLOCKS, _COMPARISONS))
            offset = int.from_bytes(payload, "little")
            return Elsewhere(memory, pages, offset, *flags), size & _SIZE
        return None

    def collector(self, value: int) -> Recorder | None:
        """Return who records all threads of this process, for a client that has enabled that."""
        with quiet, self._lock:
            if value != self._collected:
                found = None
                fetched = self._fetch(value) if value else None
                if fetched is not None:
                    kcov, _ = fetched
                    recorder = Recorder(  # of that ENABLE, if it holds below
                        kcov.words(),
                        blocks=kcov.recording_mode == "blocks",
                        bitmap_words=kcov.shared.bitmap_words,
                        comparisons=kcov.shared.mode == KCOV_MODE_TRACE_CMP,
                    )
                    recorder.share(kcov.shared)
                    if is_value_of(value, kcov.shared.sequence):
                        found = recorder
                self._collected, self._recorder = value, found
            return self._recorder

    def watch(self) -> None:
        """Make KCOV_ENABLE on the device record this process's threads."""
        self.table.watch(self.collector)

    def watcher(self) -> Watcher | None:
        """Return the watcher of all sections."""
        value = self.table.watcher
        if value != self._watched:
            with quiet, self._lock:
                self._watcher = None
                try:
                    fetched = self._fetch(value) if value else None
                except MemoryError:
                    return None
                if fetched is not None:
                    kcov, _ = fetched
                    self._watcher = Watcher(kcov.shared, kcov.memory(), self.table.collects)
                self._watched = value
        return self._watcher

    def follow(self) -> Member | None:
        """Join the device again if another process of its service shows it now."""
        with quiet, _following:
            if _joined is not self:
                return _joined  # another thread has seen to it
            began = time.monotonic()
            try:
                holder = self.holder.next(self.name)
                if holder is None:
                    return None
                made = Member(self.name, holder=holder)
            except (PykcovError, OSError):
                self.holder.did_not_answer(time.monotonic() - began)
                return None
            join(made)
            if self._link is not None:
                self._link.close()
            self.table.close()
            return made

    def leave(self) -> None:
        """Leave the device."""
        global _joined
        _joined = sections.elsewhere = None
        if sections.watcher == self.watcher:  # otherwise it now has the watcher of its own device
            sections.watcher = None
        sections.process = os.getpid
        watch_device(bytes(8), 0, lambda _: None)
        extent.contribute(None)

    def forked(self) -> Member:
        """Return a forked child's part in the device."""
        return Member(self.name, self.table, self.holder)


_joined: Member | None = None
_following = threading.Lock()  # taken before a member's own


def joined() -> Member | None:
    """Return this process's part in another's device."""
    return _joined


def keep_up() -> None:
    """Join the device again if another process shows it now."""
    if (member := _joined) is not None and member.holder.may_have_changed():
        member.follow()


def join(member: Member) -> None:
    """Let the device's clients collect from this process, too."""
    global _joined
    _joined = member
    sections.elsewhere = member.find
    sections.watcher = member.watcher
    sections.process = member.identity
    member.watch()
    extent.contribute(member.table)


def _after_fork() -> None:
    global _following
    _following = threading.Lock()  # the thread that held it doesn't exist in the child


forks.in_child(_after_fork)
