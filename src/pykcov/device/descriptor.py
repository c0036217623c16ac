"""An open kcov descriptor: decodes a client's requests, and answers with a result or an errno."""

from __future__ import annotations

import errno
import mmap
import warnings
from collections.abc import Callable
from typing import Any

from pykcov import forks, refs
from pykcov.abi.kcov import KCOV_MODE_DISABLED, WORD
from pykcov.closing import Closing
from pykcov.device.area import map_words
from pykcov.device.ioctls import BY_REQUEST, Transition
from pykcov.device.kcov import Kcov, has_died
from pykcov.device.task import Task, ThreadTask
from pykcov.errors import fail
from pykcov.probe import Shared, get_task, under
from pykcov.probe.steps import as_whole
from pykcov.symbols.active import in_force

Mapping = mmap.mmap  # shadowed by a method below

PATH = "/sys/kernel/debug/kcov"  # its path on Linux


class Descriptor(Closing):
    """What open() returns. Independent of other descriptors; a forked child shares the open file.

    Errors are OSErrors with the same errno as on Linux.
    """

    _kcov: Kcov | None = None
    _is_made = False

    def __init__(
        self, recording_mode: str = "trace", name: str = "kcov", shared: Shared | None = None
    ) -> None:
        self._kcov = Kcov(recording_mode, name, shared)
        refs.keep(self._kcov)
        self._is_made = True

    def _open_kcov(self) -> Kcov:
        if self._kcov is None:
            raise fail(errno.EBADF)
        return self._kcov

    def _mend(self) -> None:
        if self._kcov is not None:
            self._kcov.mend()

    @as_whole(mend=_mend, gives=0)
    def ioctl(  # type: ignore[return]
        self, request: int, arg: int | bytes = 0, *, task: Task | None = None
    ) -> int:
        """Perform `request` for `task` (default: the calling thread) and return 0.

        arg: an integer; for KCOV_REMOTE_ENABLE the bytes of a struct kcov_remote_arg.

        Raises OSError with the errno listed in docs/device.md, ENOTTY for an unknown request,
        EINVAL for another thread's task, EBADF after close(). After any other exception, such as
        KeyboardInterrupt, an ENABLE has not happened, and any other request can be repeated (a
        second DISABLE gives EINVAL).
        """
        forks.notice()
        kcov = self._open_kcov()
        transition = BY_REQUEST.get(request)
        if transition is None:
            raise fail(errno.ENOTTY)
        if task is None:
            task = get_task() or ThreadTask.current()
        elif not task.runs_here():
            raise fail(errno.EINVAL)
        value = transition.decode(arg)
        under(kcov.shared, self._do, transition, kcov, task, value)
        if kcov.recording_mode == "blocks":
            kcov.expect_work(task)
        if task.work:
            task.run_work()
        kcov.changing = None  # the last step: from here on the request is done

    def _do(self, transition: Transition, kcov: Kcov, task: Task, value: Any) -> None:
        """Preconditions: kcov.shared is held."""
        if self._kcov is None:  # another thread has closed it
            raise fail(errno.EBADF)
        transition.do(kcov, task, value)

    @as_whole()
    def mmap(
        self, length: int, prot: int = mmap.PROT_READ | mmap.PROT_WRITE, offset: int = 0
    ) -> mmap.mmap:
        """Map the area, any number of times; a mapping outlives close(). length: in bytes.

        Raises OSError: EINVAL before KCOV_INIT_TRACE, for a non-zero offset, and for a length that,
        rounded up to pages, is not the area's; EBADF after close(); ENOMEM.
        """
        kcov = self._open_kcov()
        mapping: Mapping = under(kcov.shared, self._map, kcov, length, offset, prot)
        return mapping

    def _map(self, kcov: Kcov, length: int, offset: int, prot: int) -> Mapping:
        return map_words(kcov.area.fd, self._mappable(kcov, length, offset), prot)

    @as_whole()
    def check_mmap(self, length: int, offset: int) -> int:
        """Raise what mmap() would, except ENOMEM. Returns the area's size in words."""
        kcov = self._open_kcov()
        return under(kcov.shared, self._mappable, kcov, length, offset)

    @staticmethod
    def _mappable(kcov: Kcov, length: int, offset: int) -> int:
        """Return the area's size in words if it may be mapped like this. Preconditions: kcov.shared
        is held."""
        size = kcov.shared.size if kcov.mode != KCOV_MODE_DISABLED else 0
        rounded = -(-length // mmap.PAGESIZE) * mmap.PAGESIZE
        if offset != 0 or length <= 0 or rounded != size * WORD:
            raise fail(errno.EINVAL)
        return size

    @property
    def recording_mode(self) -> str:
        """What KCOV_ENABLE records: "trace" or "blocks"."""
        return self._open_kcov().recording_mode

    def unsettled(self, is_dead: Callable[[int], bool] = has_died) -> int:
        """See Kcov.unsettled()."""
        return self._open_kcov().unsettled(is_dead)

    def is_of(self, kcov: object) -> bool:
        """Is this a descriptor of `kcov`?"""
        return self._kcov is kcov

    @property
    def owner(self) -> Task | None:
        """This process's task that has enabled it, or None."""
        return self._open_kcov().task

    def fileno(self) -> int:
        """Return the file descriptor of the area's memfd. Raises OSError EBADF after close()."""
        return self._open_kcov().area.fd

    def _close(self) -> None:
        kcov = self._kcov
        if kcov is not None:
            under(kcov.shared, kcov.close)
        self._kcov = None

    @as_whole(mend=_close)
    def close(self) -> None:
        """Close it. A task that has enabled it goes on recording. Repeated calls do nothing."""
        self._close()

    @property
    def closed(self) -> bool:
        """Has close() been called?"""
        return self._kcov is None

    @property
    def dropped(self) -> bool:
        """Was a record dropped since the last KCOV_ENABLE: area full, or its count garbage?"""
        kcov = self._open_kcov()
        return kcov.dropped or (kcov.recorder is not None and kcov.recorder.dropped)

    @as_whole(mend=_close)
    def __del__(self) -> None:
        if self._kcov is None:
            return
        if self._is_made:  # else an exception interrupted the constructor
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        self._close()

    def __repr__(self) -> str:
        state = "closed" if self._kcov is None else f"fd={self._kcov.area.number}"
        return f"<pykcov.Descriptor {state}>"

    def __getstate__(self) -> dict[str, Any]:
        return {"_kcov": self._kcov}


@as_whole()
def open(recording_mode: str = "trace") -> Descriptor:  # noqa: A001
    """Open the coverage device.

    recording_mode: what KCOV_ENABLE records. "trace" records every block executed, in order.
    "blocks" counts executions, and lists each block once each time the kernel returns to its
    caller.

    Raises OSError ENOENT if nothing is instrumented, because then there is no device. ValueError
    for an unknown recording mode.
    """
    forks.notice()
    if not in_force():
        raise fail(errno.ENOENT, "nothing is instrumented: call pykcov.instrument() first", PATH)
    return Descriptor(recording_mode)
