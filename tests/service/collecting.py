"""What tests do as clients of a device: enable a descriptor, take what is there, send packets."""

from __future__ import annotations

import mmap
import socket
import time
from collections.abc import Callable

from tests.service.talking import Service

import pykcov
from pykcov.abi.kcov import KCOV_ENABLE, KCOV_INIT_TRACE, WORD
from pykcov.device.remote_arg import RemoteArg
from pykcov.service import addresses
from pykcov.service.client import Device
from pykcov.service.protocol import VERSION, Kind, Request, Type
from pykcov.service.socket_descriptor import SocketDescriptor

Alone = Callable[[int], list[int]]  # the trace of a request that nothing else runs beside
SIZE = 1 << 16


def enabled(device: Device, recording_mode: str = "trace") -> tuple[SocketDescriptor, mmap.mmap]:
    descriptor = device.open(recording_mode)
    descriptor.ioctl(KCOV_INIT_TRACE, SIZE)
    area = descriptor.mmap(SIZE * WORD)
    descriptor.ioctl(KCOV_ENABLE)
    return descriptor, area


def take(area: mmap.mmap) -> list[int]:
    """What is in an area; then store 0."""
    with memoryview(area) as view, view.cast("Q") as words:
        found = words[1 : 1 + words[0]].tolist()
        words[0] = 0
    return found


def once(pcs: list[int]) -> list[int]:
    return list(dict.fromkeys(pcs))


def settled(service: Service) -> int:
    """Number of files that the service has open when it has seen that its clients are gone."""
    deadline = time.monotonic() + 10
    while pykcov.connect(service.name).info["descriptors"]:
        assert time.monotonic() < deadline
    while True:
        seen = service.descriptors()
        time.sleep(0.05)  # connections that only looked close a moment later
        if service.descriptors() == seen:
            return seen


def raw(name: str) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.settimeout(5)
    try:
        peer.connect(str(addresses.socket_of(name)))
    except OSError:
        peer.close()
        raise
    return peer


def hello(kind: Kind) -> bytes:
    return Request(Type.HELLO, (VERSION, kind, 0)).encode()


def of(handle: int) -> bytes:
    """What KCOV_REMOTE_ENABLE takes."""
    return RemoteArg(0, 4096, 0, (pykcov.handle_of(handle),)).encode()


METHODS = ["fork", "spawn", "forkserver"]
