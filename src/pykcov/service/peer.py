"""What a server knows about a peer, and about the tasks that its ioctls are for."""

from __future__ import annotations

import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import ClassVar

from pykcov import probe
from pykcov.device.descriptor import Descriptor
from pykcov.device.task import Task
from pykcov.service.handle_table import Table, value_of
from pykcov.service.pages import Page
from pykcov.service.protocol import Kind
from pykcov.service.ring import Ring

_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid


class ProcessTask(Task):
    """A client's task. Its KCOV_ENABLE records every thread of the service that has no recorder of
    its own and is in no section: one client's at a time.

    While the service consists of this process only, it records directly into the area, which has a
    single writer under the GIL. Otherwise this process and the members, which learn of the ENABLE
    from the table, record into it together (probe/csrc/together.c).

    enabling: the descriptor whose KCOV_ENABLE is being done, or 0.
    """

    _recorded: ClassVar[ProcessTask | None] = None  # the task that collects from all threads
    _alone: ClassVar[bool] = True
    # Guards _recorded and _alone. A signal handler may fork in the middle of a fork.
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, key: tuple[int, int], table: Table) -> None:
        """key: its process, and its number there."""
        super().__init__()
        self.key = key
        self._table = table
        self._shared: probe.Shared | None = None
        self.enabling = 0

    def is_recorded(self) -> bool:
        return self.kcov is not None or (self.enabling > 0 and ProcessTask._recorded is not None)

    def claim(self, shared: probe.Shared) -> None:
        self._shared = shared

    def disclaim(self, shared: probe.Shared) -> None:
        shared.settle()
        self._shared = None

    def attach(self, recorder: probe.Recorder) -> None:
        assert self._shared is not None
        with ProcessTask._lock:
            self._recorder = recorder
            if recorder.counters is not None or not ProcessTask._alone:
                recorder.share(self._shared)
            ProcessTask._recorded = self
            probe.record_process(recorder)
            self._table.collector = value_of(self.enabling, self._shared.sequence)

    def detach(self) -> None:
        with ProcessTask._lock:
            if ProcessTask._recorded is self:
                self._table.collector = 0
                probe.record_process(None)
                ProcessTask._recorded = self._recorder = None

    @staticmethod
    def forget() -> None:
        """In a forked child, forget the parent's collecting task."""
        ProcessTask._recorded = None
        ProcessTask._lock = threading.RLock()

    @staticmethod
    def expect_members() -> None:
        """Prepare for other processes that are about to write to the area, too."""
        with ProcessTask._lock:
            ProcessTask._alone = False
            task = ProcessTask._recorded
            if task is not None and task._recorder is not None and task._shared is not None:
                task._recorder.share(task._shared)


class Connection:
    """The connection of one peer. kind: None until it has sent HELLO."""

    def __init__(self, peer: socket.socket, number: int) -> None:
        self.peer, self.number = peer, number
        self.since = time.monotonic()
        self.kind: Kind | None = None
        # The process is 0 where it is in another namespace, so there each connection is taken for
        # a process of its own.
        self.pid, self.uid, _ = _CREDENTIALS.unpack(
            peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        )
        self.process = self.pid or -number
        self.ring: Ring | None = None  # of who watches
        self.opened: dict[int, Opened] = {}  # by number


@dataclass
class Opened:
    """One descriptor of a connection. page: the page that its writers share."""

    number: int
    connection: Connection
    descriptor: Descriptor
    page: Page
    area_size: int = 0  # words of a section
    comparisons: bool = False  # it is these that its handles collect
