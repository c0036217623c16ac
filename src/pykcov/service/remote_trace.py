"""Collects what one handle's sections execute, from another process's device."""

from __future__ import annotations

import contextlib
import errno
import os
import time
import warnings
from array import array
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from pykcov.abi.kcov import KCOV_DISABLE, KCOV_REMOTE_ENABLE, KCOV_TRACE_CMP, KCOV_TRACE_PC
from pykcov.device.remote_arg import RemoteArg
from pykcov.errors import PykcovError, PykcovWarning, fail
from pykcov.reader.comparisons import Comparison, Record
from pykcov.reader.comparisons import comparisons as join
from pykcov.reader.remote_area import Sections
from pykcov.reader.symbolize import symbolize
from pykcov.request_marks import handle_of
from pykcov.service.socket_descriptor import Collector
from pykcov.symbols.blocks import Block
from pykcov.symbols.store import SymbolStore

_collected: dict[int, int | str] = {}  # handles of this process's RemoteTraces, and their names
_warned: set[str] = set()  # devices
_LOOK = 0.0001, 0.002  # seconds between checks whether all sections are over: first, longest
_ASK = 0.1  # seconds between checks whether a process that we wait for has died


class Lender(Protocol):
    """The device whose sections are collected (client.py). It lends collectors."""

    name: str
    store: SymbolStore

    def take(self, kind: tuple[int, str, bool], /) -> Collector: ...
    def give_back(self, collector: Collector, /) -> None: ...


class RemoteTrace:
    """A context manager that collects the sections of one handle. name: the handle as it was given.
    size: of the area, in 64-bit words.

    Entering the block, and each clear(), starts a new generation, and sections that began before
    are dropped. Leaving the block waits, for `timeout` seconds at most, until the sections of the
    last generation have published what led to their answers. What they execute after that is called
    after-work; call wait() to collect it.
    """

    def __init__(
        self, device: Lender, handle: int | str, kind: tuple[int, str, bool], timeout: float
    ) -> None:
        """kind: the area's size, the recording mode, and whether to collect comparisons."""
        self._device, self._kind, self._timeout = device, kind, timeout
        self.name, self._handle = handle, handle_of(handle)
        self.size = kind[0]
        self._process = 0
        self._collector: Collector | None = None
        self._after = False  # after-work is wanted
        self._is_cut = False  # the service has gone
        self._pcs = array("Q")
        self._compared: list[Record] = []
        self._sections = Sections()

    def __enter__(self) -> Self:
        if self._collector is not None:
            raise fail(errno.EBUSY)
        self._begin()
        _collected[self._handle] = self.name
        return self

    def _begin(self) -> None:
        """Start collecting."""
        collector = self._device.take(self._kind)
        try:
            collector.kept.begin()
            mode = KCOV_TRACE_CMP if self._kind[2] else KCOV_TRACE_PC
            arg = RemoteArg(mode, min(self.size, 2**32 - 1), 0, (self._handle,))
            collector.descriptor.ioctl(KCOV_REMOTE_ENABLE, arg.encode())
        except FileExistsError as error:
            self._device.give_back(collector)
            raise self._collected_already() from error
        except BaseException:
            collector.descriptor.close()
            raise
        self._process, self._collector = os.getpid(), collector
        self._after = self._is_cut = False

    def _collected_already(self) -> OSError:
        """Return an error that names the handle, and its name if this process collects it."""
        text = f"the handle {self._handle:#x} of {self.name!r} is already being collected"
        if (other := _collected.get(self._handle)) is not None:
            text += f", as that of {other!r}"
            text += "" if other == self.name else ", which has the same hash"
        return FileExistsError(errno.EEXIST, text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        collector = self._collector
        if collector is None:
            return
        _collected.pop(self._handle, None)
        lives = self._process == os.getpid()  # else the one that collects is our parent
        try:
            if lives:
                with contextlib.suppress(ConnectionResetError):
                    self._wait(time.monotonic() + self._timeout, lambda s: s.settled == s.began)
        finally:
            self._collector = None
            lives = lives and self._disable(collector)
            self._is_cut = not lives
            kept = collector.kept
            self._pcs, self._compared = kept.pcs(self._after), kept.compared(self._after)
            found = kept.sections()
            self._sections = found._replace(disabled=found.began - found.over)
            ever = kept.ever
            if lives:
                self._device.give_back(collector)
        if not ever and lives and kind is None:
            self._warn()

    @staticmethod
    def _disable(collector: Collector) -> bool:
        """Stop collecting. Returns whether the service still lives."""
        try:
            collector.descriptor.ioctl(KCOV_DISABLE)
        except ConnectionResetError:
            return False  # it has gone; what it published is there
        return True

    def _warn(self) -> None:
        """Warn that no section began: an empty trace looks as if nothing had been executed."""
        if self._device.name in _warned:
            return
        _warned.add(self._device.name)
        text = (
            f"nothing was marked with the handle {self.name!r} while it was collected from "
            f"{self._device.name!r}. Is KcovMiddleware installed there? Does the request have the "
            "right header? Is the process that answered part of the service (see 'pykcov ls')?"
        )
        warnings.warn(PykcovWarning("nothing-marked", text), stacklevel=3)

    def clear(self) -> None:
        """Begin a new generation: sections that began before no longer publish anything, wherever
        they run. This takes one store into shared memory, and sends no message.

        If the service has ended and another process shows the device now, collecting continues
        there. Raises PykcovError: device-missing if there is none. OSError: EINVAL in a forked
        child, because its parent is the one that collects.
        """
        if self._collector is None:
            return
        self._check_process()
        if self._collector.link.lives():
            self._collector.kept.begin()
            self._after = False
        else:
            self._begin()

    def wait(self, timeout: float = 5.0) -> bool:
        """Wait, for `timeout` seconds at most, until a section of this generation has begun and all
        have ended, after-work included. Returns whether they have. `pcs`, `blocks` and
        `comparisons` then contain the after-work, too, following what led to the answers.

        Raises PykcovError: device-gone if the service has ended. OSError: EINVAL in a forked child.
        """
        if self._collector is None:
            return self._is_over(self._sections)
        self._check_process()
        self._after = True
        try:
            return self._wait(time.monotonic() + timeout, self._is_over)
        except ConnectionResetError as gone:
            raise self._gone() from gone

    def _check_process(self) -> None:
        """Raise OSError EINVAL in a forked child: areas and control page belong to the parent."""
        if self._process != os.getpid():
            raise fail(errno.EINVAL, "only the process that entered the block collects")

    @staticmethod
    def _is_over(sections: Sections) -> bool:
        return 0 < sections.began == sections.over

    def _wait(self, deadline: float, done: Callable[[Sections], bool]) -> bool:
        """Wait until done() or the deadline. Raises ConnectionResetError if the service ends."""
        collector = self._collector
        assert collector is not None
        pause, longest = _LOOK
        asked = time.monotonic()
        while not done(collector.kept.sections()):
            now = time.monotonic()
            if now > deadline:
                return False
            if now > asked + _ASK:
                collector.descriptor.unsettled()
                asked = now
            time.sleep(pause)
            pause = min(2 * pause, longest)
        return True

    def _gone(self) -> PykcovError:
        name = self._device.name
        return PykcovError(
            "device-gone",
            f"the process that showed {name!r} has ended; clear() collects from one that shows it "
            "now, and after the 'with' block you can read what was collected",
        )

    def _look(self) -> Collector | None:
        """Return the collector, or None after the block. Raises PykcovError: device-gone."""
        if self._collector is not None and not self._collector.link.lives():
            raise self._gone()
        return self._collector

    @property
    def sections(self) -> Sections:
        """The number of sections that began in this generation, and what became of them."""
        return self._sections if self._collector is None else self._collector.kept.sections()

    @property
    def overflowed(self) -> bool:
        """Did a section of this generation have records that found no room?"""
        return self.sections.overflowed > 0

    @property
    def complete(self) -> bool:
        """Is everything there? True if at least one section of this generation began, all have
        published what led to their answers (after wait(): everything), and nothing was lost or
        found no room."""
        found = self.sections
        done = self._is_over(found) if self._after else 0 < found.began == found.settled
        return done and not (found.lost or found.overflowed or self._is_cut)

    @property
    def pcs(self) -> array[int]:
        """The PCs of this generation, in order; empty with comparisons=True. Without wait(), only
        those that led to the answers. Within the block, raises PykcovError: device-gone."""
        collector = self._look()
        return self._pcs if collector is None else collector.kept.pcs(self._after)

    @property
    def comparisons(self) -> list[Comparison]:
        """The comparisons, as for `pcs`. Raises PykcovError as `pcs` and symbolize() do."""
        collector = self._look()
        found = self._compared if collector is None else collector.kept.compared(self._after)
        return list(join(found, self._device.store))

    @property
    def blocks(self) -> list[Block]:
        """The blocks of `pcs`. Raises PykcovError as `pcs` and symbolize() do."""
        return symbolize(self.pcs, self._device.store)
