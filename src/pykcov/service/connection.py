"""What a server knows of one peer, and of the tasks that its ioctls are for."""

from __future__ import annotations

import socket
import struct
import time
from typing import ClassVar

from pykcov import probe
from pykcov.device.descriptor import Descriptor
from pykcov.kernel.task import Task
from pykcov.service.protocol import Kind

_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid


class ProcessTask(Task):
    """A client's task. Its KCOV_ENABLE records every thread of this process that has no recorder of
    its own: one client's at a time, as the area has one writer.

    asks_for_all: the ioctl that is being done is KCOV_ENABLE.
    """

    _recorded: ClassVar[ProcessTask | None] = None  # who collects from all threads

    def __init__(self) -> None:
        super().__init__()
        self.asks_for_all = False

    def is_recorded(self) -> bool:
        return self.kcov is not None or (self.asks_for_all and ProcessTask._recorded is not None)

    def attach(self, recorder: probe.Recorder) -> None:
        ProcessTask._recorded = self
        probe.record_process(recorder)

    def detach(self) -> None:
        if ProcessTask._recorded is self:
            ProcessTask._recorded = None
            probe.record_process(None)


class Connection:
    """One peer. kind is None until it has said HELLO."""

    def __init__(self, peer: socket.socket, number: int) -> None:
        self.peer, self.number = peer, number
        self.since = time.monotonic()
        self.kind: Kind | None = None
        self.pid, self.uid, _ = _CREDENTIALS.unpack(
            peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        self.page = -1  # of what the descriptor's writers share
        self.descriptor: Descriptor | None = None
        self.area_size = 0
