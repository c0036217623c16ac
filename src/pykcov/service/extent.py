"""What the processes of a service have instrumented together, for `pykcov ls` to count.

Each process imports its own modules, but most import the same ones. So members list the files that
they have instrumented in a memfd shared with the process that shows the device: 16 bytes per file,
the number of its first block and the number of blocks. Each entry is appended with one write(),
which Linux serializes; files already listed are not repeated. The memfd is read but never mapped,
so nothing written to it can make a reader fault.

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
        """Note that a file has probes in this process."""
        if first not in self._said:
            self._said.add(first)
            with contextlib.suppress(OSError):  # no memory: then it is not counted
                os.write(self._file.fileno(), _FILE.pack(first, count))

    def of_others(self) -> int:
        """Return the number of blocks in files that only other processes have instrumented."""
        here = unit.files()
        return sum(count for first, count in self._read().items() if first not in here)

    def close(self) -> None:
        """Close the descriptors. Repeated calls do nothing."""
        self._file.close()


_extent: Extent | None = None  # what this process says its files to


def contribute(table: Table | None) -> None:
    """List the files instrumented here, now and later, for the process that shows the device with
    this table; None ends that."""
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
