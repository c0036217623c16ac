"""What the processes of a service have instrumented, all together: for `pykcov ls` to count.

Each process imports modules of its own, and most import the same ones. So a member says which files
have probes in it, in a memfd that it shares with the process that shows the device: 16 bytes for
each, the number of its first block and how many there are. They are appended by one write() each,
which Linux does one at a time; what is there already is not said again. It is read, and never
mapped, so nobody is hurt by what somebody else may write to it.

    first  count | first  count | ...
"""

from __future__ import annotations

import contextlib
import os
import struct

from pykcov.instrumentation import unit
from pykcov.probe import OwnFile
from pykcov.service.handle_table import Table

_FILE = struct.Struct("=QQ")
_MOST = 1 << 16  # files that are counted: the memfd may be made larger by whoever has it


class Extent:
    """A table's memfd for it. It has a descriptor of its own, which appends."""

    def __init__(self, table: Table) -> None:
        """Raises OSError."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        self._file = OwnFile(os.open(f"/proc/self/fd/{table.fds[1]}", flags))
        self._said = set(self._read())

    def _read(self) -> dict[int, int]:
        fd = self._file.fileno()
        size = min(os.fstat(fd).st_size, _MOST * _FILE.size)
        data = os.pread(fd, size - size % _FILE.size, 0)
        return dict(_FILE.iter_unpack(data))

    def say(self, first: int, count: int) -> None:
        """A file has probes in this process."""
        if first not in self._said:
            self._said.add(first)
            with contextlib.suppress(OSError):  # no memory: then it is not counted
                os.write(self._file.fileno(), _FILE.pack(first, count))

    def of_others(self) -> int:
        """Number of blocks of the files that have probes in other processes, and none here."""
        here = unit.files()
        return sum(count for first, count in self._read().items() if first not in here)

    def close(self) -> None:
        """Twice is once."""
        self._file.close()


_extent: Extent | None = None  # what this process says its files to


def contribute(table: Table | None) -> None:
    """Say which files have probes here, and will have, to who shows the device with this table;
    None ends that."""
    global _extent
    before, _extent = _extent, None
    if before is not None:
        unit.listeners.remove(before.say)
        before.close()
    if table is not None:
        with contextlib.suppress(OSError):  # no /proc: `pykcov ls` counts less
            _extent = Extent(table)
            unit.listeners.append(_extent.say)
            for first, count in unit.files().items():
                _extent.say(first, count)
