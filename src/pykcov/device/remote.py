"""Handles of remote coverage: which kcov collects the sections that are marked with them.

handle = subsystem << 56 | instance; what lies between the instance's 32 bits and the subsystem's
8 is 0.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pykcov.abi.kcov import (
    KCOV_INSTANCE_MASK,
    KCOV_REMOTE_MAX_HANDLES,
    KCOV_SUBSYSTEM_COMMON,
    KCOV_SUBSYSTEM_MASK,
    KCOV_SUBSYSTEM_PYKCOV,
    KCOV_SUBSYSTEM_USB,
    WORD,
)

if TYPE_CHECKING:
    from pykcov.device.kcov import Kcov

_HEAD = struct.Struct("<IIIxxxxQ")
_KNOWN = (KCOV_SUBSYSTEM_USB, KCOV_SUBSYSTEM_PYKCOV)


def _is_formed(handle: int) -> bool:
    return not handle & ~(KCOV_SUBSYSTEM_MASK | KCOV_INSTANCE_MASK)


@dataclass(frozen=True)
class RemoteArg:
    """struct kcov_remote_arg. area_size: words."""

    trace_mode: int
    area_size: int
    common_handle: int
    handles: tuple[int, ...]

    SIZE = _HEAD.size

    @staticmethod
    def size_of(head: bytes) -> int:
        """Return the bytes of the whole struct, of which `head` are the first SIZE.

        Raises OSError EINVAL for too many handles.
        """
        count = int(_HEAD.unpack(head)[2])
        if count > KCOV_REMOTE_MAX_HANDLES:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return _HEAD.size + count * WORD

    @staticmethod
    def decode(data: object) -> RemoteArg:
        """Return the struct in a bytes-like object. Raises OSError EFAULT, EINVAL."""
        if not isinstance(data, bytes | bytearray | memoryview) or len(data) < _HEAD.size:
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
        data = bytes(data)
        size = RemoteArg.size_of(data[: _HEAD.size])
        if len(data) < size:
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
        mode, area_size, count, common = _HEAD.unpack_from(data)
        return RemoteArg(
            mode, area_size, common, struct.unpack_from(f"<{count}Q", data, _HEAD.size)
        )

    def encode(self) -> bytes:
        """Return the struct's bytes."""
        head = _HEAD.pack(self.trace_mode, self.area_size, len(self.handles), self.common_handle)
        return head + struct.pack(f"<{len(self.handles)}Q", *self.handles)

    def refused(self) -> int:
        """Return the errno that registering the handles would fail with, or 0, in Linux's order."""
        seen = set(_registry)
        for handle in self.handles:
            if not _is_formed(handle) or handle >> 56 not in _KNOWN:
                return errno.EINVAL
            if handle in seen:
                return errno.EEXIST
            seen.add(handle)
        if self.common_handle:
            common = _is_formed(self.common_handle) and self.common_handle & KCOV_INSTANCE_MASK
            if self.common_handle >> 56 != KCOV_SUBSYSTEM_COMMON or not common:
                return errno.EINVAL
            if self.common_handle in seen:
                return errno.EEXIST
        return 0

    @property
    def all_handles(self) -> tuple[int, ...]:
        """The common one included."""
        return (*self.handles, self.common_handle) if self.common_handle else self.handles


_registry: dict[int, Kcov] = {}
_lock = threading.Lock()


def register(kcov: Kcov, arg: RemoteArg) -> int:
    """Register all handles, or none. Returns the errno, or 0."""
    with _lock:
        error = arg.refused()
        if not error:
            _registry.update(dict.fromkeys(arg.all_handles, kcov))
        return error


def unregister(kcov: Kcov) -> None:
    """Forget the handles of a kcov."""
    with _lock:
        for handle in [handle for handle, owner in _registry.items() if owner is kcov]:
            del _registry[handle]


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    _registry.clear()


os.register_at_fork(after_in_child=_after_fork)
