"""What one handle's sections execute, collected by a client from another process's device."""

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
_LOOK = 0.0001, 0.002  # seconds between two looks whether all sections are over: first, longest
_ASK = 0.1  # seconds between two questions whether a process that we wait for has died


class Lender(Protocol):
    """Whose sections are collected: a device (client.py), which lends collectors."""

    name: str
    store: SymbolStore

    def take(self, kind: tuple[int, str, bool], /) -> Collector: ...
    def give_back(self, collector: Collector, /) -> None: ...


class RemoteTrace:
    """In `with`: collects the sections of one handle. name: the handle, as it was given. size:
    words of the area.

    What is collected is of a generation, which begins with the block, and anew with each clear():
    sections that began before it are dropped. Leaving the block waits until those of the last
    generation have published what led to their answers, for `timeout` seconds at most. What they
    execute after that is after-work: who wants it calls wait().
    """

    def __init__(
        self, device: Lender, handle: int | str, kind: tuple[int, str, bool], timeout: float
    ) -> None:
        """kind: size of the area, recording mode, and whether comparisons are collected."""
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
        """Have a descriptor collect."""
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
        """Say which handle it is, and if this process collects it, by what name."""
        text = f"the handle {self._handle:#x} of {self.name!r} is collected already"
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
        """End collecting. Returns whether the service lives."""
        try:
            collector.descriptor.ioctl(KCOV_DISABLE)
        except ConnectionResetError:
            return False  # it has gone; what it published is there
        return True

    def _warn(self) -> None:
        """No section began at all, and an empty trace looks as if nothing had been executed."""
        if self._device.name in _warned:
            return
        _warned.add(self._device.name)
        text = (
            f"nothing was marked with the handle {self.name!r} while it was collected from "
            f"{self._device.name!r}. Is KcovMiddleware installed there, does the request have the "
            "header that it looks for, and is the process that answered part of the service "
            "('pykcov ls' counts them)?"
        )
        warnings.warn(PykcovWarning("nothing-marked", text), stacklevel=3)

    def clear(self) -> None:
        """Begin a new generation: sections that began before publish nothing any more, wherever
        they run. It is a store into shared memory, and no message.

        Where the service has gone, and another process shows the device by now, collecting goes on
        there. Raises PykcovError, device-missing, where there is none; OSError: EINVAL in a forked
        child, whose parent it is that collects.
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
        """Wait until a section of this generation has begun, and all are over, after-work included;
        for `timeout` seconds at most. Returns whether they are. `pcs`, `blocks` and `comparisons`
        then have the after-work, too, behind what led to the answers.

        Raises PykcovError, device-gone, when the service has gone; OSError: EINVAL in a forked
        child.
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
        """In a forked child, areas and control page are the parent's: what it collects is not ours
        to drop. Raises OSError EINVAL."""
        if self._process != os.getpid():
            raise fail(errno.EINVAL, "another process collects, which forked this one")

    @staticmethod
    def _is_over(sections: Sections) -> bool:
        return 0 < sections.began == sections.over

    def _wait(self, deadline: float, done: Callable[[Sections], bool]) -> bool:
        """Wait until done(). Raises ConnectionResetError when the service has gone."""
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
            f"the process that showed {name!r} has gone; clear() collects from one that shows it "
            "now, and behind the 'with' there is what was collected",
        )

    def _look(self) -> Collector | None:
        """Return what collects, None behind the block. Raises PykcovError: device-gone."""
        if self._collector is not None and not self._collector.link.lives():
            raise self._gone()
        return self._collector

    @property
    def sections(self) -> Sections:
        """How many sections of this generation began, and what became of them."""
        return self._sections if self._collector is None else self._collector.kept.sections()

    @property
    def overflowed(self) -> bool:
        """Had a section of this generation records for which there was no room?"""
        return self.sections.overflowed > 0

    @property
    def complete(self) -> bool:
        """Is everything there? A section of this generation began, all that began have published
        what led to their answers (after wait(), all), nothing was lost, and all of it fitted."""
        found = self.sections
        done = self._is_over(found) if self._after else 0 < found.began == found.settled
        return done and not (found.lost or found.overflowed or self._is_cut)

    @property
    def pcs(self) -> array[int]:
        """The PCs of this generation, in order; none with comparisons=True. Without wait(), those
        that led to the answers. Raises PykcovError, device-gone, in the block."""
        collector = self._look()
        return self._pcs if collector is None else collector.kept.pcs(self._after)

    @property
    def comparisons(self) -> list[Comparison]:
        """What was compared, likewise. Raises PykcovError as symbolize() does, too."""
        collector = self._look()
        found = self._compared if collector is None else collector.kept.compared(self._after)
        return list(join(found, self._device.store))

    @property
    def blocks(self) -> list[Block]:
        """The blocks that `pcs` stand for. Raises PykcovError as symbolize() does, too."""
        return symbolize(self.pcs, self._device.store)
