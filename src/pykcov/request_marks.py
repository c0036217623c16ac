"""Remote coverage: a program marks code as belonging to a handle; the handle's collector gets it.

The collecting side opens the device and calls KCOV_REMOTE_ENABLE with the handle, as on Linux. The
marking side, this one, costs next to nothing for handles that nobody has registered.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncGenerator, Awaitable, Generator
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeVar

from pykcov import probe
from pykcov.abi.kcov import KCOV_INSTANCE_MASK, KCOV_SUBSYSTEM_PYKCOV
from pykcov.device import sections
from pykcov.device.remote_arg import RemoteArg
from pykcov.device.sections import Section
from pykcov.probe import Done, quiet
from pykcov.probe.steps import as_whole

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")

_current: ContextVar[Section | None] = ContextVar("pykcov_section", default=None)


LONGEST = 1024  # characters of a string that is a handle
_NUMBER = re.compile(r"0*([0-9]{1,20})|0[xX]0*([0-9a-fA-F]{1,16})", re.ASCII)


def handle_of(name: int | str) -> int:
    """Return the 64-bit handle that a number or a string stands for.

    An integer from 1 to 2^32-1 is an instance in pykcov's own subsystem, 0x70; a larger one is a
    complete handle, subsystem << 56 | instance. A string of decimal digits, or of 0x and
    hexadecimal digits, is read as a number if that can be registered: 1 to 2^32-1, or a complete
    handle in subsystem 0x70 or 1 (USB). Any other string is hashed: its instance is the CRC-32 of
    its UTF-8 bytes, or 1 if that is 0. If two strings have the same hash, the second REMOTE_ENABLE
    fails with EEXIST.

    Raises ValueError for an integer outside 1 to 2^64-1, and for a string that is empty or longer
    than 1024 characters.
    """
    if isinstance(name, str):
        if not name:
            raise ValueError("a handle can't be an empty string")
        if len(name) > LONGEST:
            raise ValueError(f"a handle can't be longer than {LONGEST} characters")
        name = _number_in(name) or zlib.crc32(name.encode("utf-8", "surrogateescape")) or 1
    if not 0 < name < 1 << 64:
        raise ValueError(f"a handle is a number from 1 to 2^64-1, or a string, not {name}")
    return name if name >> 32 else KCOV_SUBSYSTEM_PYKCOV << 56 | name


def _number_in(text: str) -> int:
    """Return the number that a string stands for, or 0."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return 0
    number = int(found[1]) if found[1] is not None else int(found[2], 16)
    if number >> 32 and (number >> 64 or RemoteArg(0, 0, 0, (number,)).refused(())):
        return 0
    return number


def current_handle() -> int | None:
    """Return the handle of the current context's section, or None outside of sections.

    Pass it to a job, a worker process or a subprocess: there, `with pykcov.remote(handle)` begins
    another section of the same handle; remote(None) marks nothing. Also returns None if nobody has
    registered the handle, in a forked child, and in a section of a common handle.
    """
    with quiet:
        recorder = probe.section()
        # Common handles are below 2^32; watched-only sections and trace() have handle 0.
        return None if recorder is None or recorder.handle >> 32 == 0 else recorder.handle


_NOTHING = Done(None)


class remote:  # noqa: N801
    """Mark what the `with` block executes as belonging to `handle`; `async with` does the same.

    The section follows the context: it includes asyncio tasks that the block starts,
    asyncio.to_thread() and contextvars.copy_context().run(), but not threads or thread pools. When
    the block ends, the section is published: its records are appended, complete and in order, to
    the area of the kcov that registered the handle. If nobody has registered it, inside another
    section, and on a thread with a kcov of its own, the block runs unmarked.

    handle: a number or string, as for handle_of(); None marks nothing. common: a common handle
    instead, as common_handle() returns it; 0 marks nothing. Raises ValueError for an invalid
    handle.
    """

    def __init__(self, handle: int | str | None = None, *, common: int = 0) -> None:
        if handle is None:
            if not 0 <= common <= KCOV_INSTANCE_MASK:
                raise ValueError(f"a common handle is a number from 0 to 2^32-1, not {common}")
            self.handle = common
        else:
            self.handle = handle_of(handle)
        self._given = handle
        self._section: Section | None = None

    def _start(self) -> None:
        if self._section is None or self._section.complete is not None:
            self._section = sections.start(self.handle, self._given)

    def _stop(self) -> None:
        if self._section is not None:
            self._section.stop()

    @as_whole(mend=_stop)
    def start(self) -> None:
        """Begin the section, as `with` does."""
        self._start()

    @as_whole(mend=_stop)
    def stop(self) -> None:
        """End the section and publish it, as leaving `with` does. Any thread or task may call it;
        repeated calls do nothing."""
        self._stop()

    def publish(self) -> None:
        """Publish what has been recorded so far, and keep recording. Call it before you send an
        answer, so that its receiver finds the trace that led to it. Any thread or task may call it;
        before start() and after stop() it does nothing."""
        with quiet:
            if self._section is not None:
                self._section.publish()

    @property
    def complete(self) -> bool:
        """Has everything recorded been published? True also if nothing was to be recorded."""
        return self._section is None or bool(self._section.complete)

    @as_whole(mend=_stop, gives=...)
    def __enter__(self) -> Self:  # type: ignore[return]
        self._start()

    @as_whole(mend=_stop)
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    @as_whole(mend=_stop, gives=Done)
    def __aenter__(self) -> Awaitable[Self]:  # type: ignore[return]
        self._start()

    @as_whole(mend=_stop, gives=_NOTHING)
    def __aexit__(  # type: ignore[return]
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]:
        self._stop()

    # -- generators, which have no context of their own --------------------------------------------

    def suspend(self) -> None:
        """Take the current context out of the section until resume(). Tasks that it has started
        stay in the section."""
        with quiet:
            if self._section is not None:
                self._section.leave()

    def resume(self) -> None:
        """Put the current context, on any thread, back into the section, unless that has ended."""
        with quiet:
            if self._section is not None and sections.may_start():
                self._section.enter()

    def _inside(self) -> AbstractContextManager[object]:
        if self._section is None or self._section.complete is not None:
            return nullcontext()
        return self._section.inside()

    def over(self, generator: Generator[T, S, R]) -> Generator[T, S, R]:
        """Return a generator that runs `generator` in the section, but not the code that consumes
        it: a section left open across a yield would record whatever runs in between."""
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                with self._inside():
                    item = generator.send(value) if error is None else generator.throw(error)
            except StopIteration as end:
                result: R = end.value
                return result
            value = error = None
            try:
                value = yield item
            except GeneratorExit:
                with self._inside():
                    generator.close()
                raise
            except BaseException as thrown:
                error = thrown

    async def over_async(self, generator: AsyncGenerator[T, S]) -> AsyncGenerator[T, S]:
        """Do as over() for an asynchronous generator. The section is suspended between items, and
        follows the context across awaits within one."""
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                with self._inside():
                    if error is None:
                        item = await generator.asend(value)
                    else:
                        item = await generator.athrow(error)
            except StopAsyncIteration:
                return
            value = error = None
            try:
                value = yield item
            except GeneratorExit:
                with self._inside():
                    await generator.aclose()
                raise
            except BaseException as thrown:
                error = thrown


@as_whole()
def remote_start(handle: int | str) -> bool:
    """Begin a section in this context, as Linux's kcov_remote_start() does. Returns whether one
    began. Raises ValueError for an invalid handle."""
    number = handle_of(handle)
    section = None
    try:
        section = sections.start(number, handle)
        if section is not None:
            _current.set(section)
        return section is not None
    except BaseException:
        if section is not None:
            section.stop()
        raise


def _stop_current() -> None:
    section = _current.get()
    if section is not None:
        section.stop()
        _current.set(None)


@as_whole(mend=_stop_current)
def remote_stop() -> None:
    """Publish the section that remote_start() began in this context, if there is one."""
    _stop_current()
