"""The argument of KCOV_REMOTE_ENABLE: the handles of the sections to collect.

handle = subsystem << 56 | instance; the bits between the instance's 32 and the subsystem's 8 are 0.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Container
from dataclasses import dataclass

from pykcov.abi.kcov import (
    KCOV_INSTANCE_MASK,
    KCOV_REMOTE_MAX_HANDLES,
    KCOV_SUBSYSTEM_COMMON,
    KCOV_SUBSYSTEM_MASK,
    KCOV_SUBSYSTEM_PYKCOV,
    KCOV_SUBSYSTEM_USB,
    WORD,
)
from pykcov.errors import fail

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
            raise fail(errno.EINVAL)
        return _HEAD.size + count * WORD

    @staticmethod
    def decode(data: object) -> RemoteArg:
        """Return the struct in a bytes-like object. Raises OSError EFAULT, EINVAL."""
        if not isinstance(data, bytes | bytearray | memoryview) or len(data) < _HEAD.size:
            raise fail(errno.EFAULT)
        data = bytes(data)
        size = RemoteArg.size_of(data[: _HEAD.size])
        if len(data) < size:
            raise fail(errno.EFAULT)
        mode, area_size, count, common = _HEAD.unpack_from(data)
        return RemoteArg(
            mode, area_size, common, struct.unpack_from(f"<{count}Q", data, _HEAD.size)
        )

    def encode(self) -> bytes:
        """Return the struct's bytes."""
        head = _HEAD.pack(self.trace_mode, self.area_size, len(self.handles), self.common_handle)
        return head + struct.pack(f"<{len(self.handles)}Q", *self.handles)

    def refused(self, registered: Container[int]) -> int:
        """Return the errno that registering the handles would fail with, or 0, in Linux's order."""
        seen: set[int] = set()
        for handle in self.handles:
            if not _is_formed(handle) or handle >> 56 not in _KNOWN:
                return errno.EINVAL
            if handle in registered or handle in seen:
                return errno.EEXIST
            seen.add(handle)
        if self.common_handle:
            common = _is_formed(self.common_handle) and self.common_handle & KCOV_INSTANCE_MASK
            if self.common_handle >> 56 != KCOV_SUBSYSTEM_COMMON or not common:
                return errno.EINVAL
            if self.common_handle in registered:
                return errno.EEXIST
        return 0

    @property
    def all_handles(self) -> tuple[int, ...]:
        """All handles, including the common one."""
        return (*self.handles, self.common_handle) if self.common_handle else self.handles
