"""tinycalls: tinykernel without its files, so that reads and writes cost nothing.

pykcov guest --kernel examples/tinycalls.py -- redis-server
"""

from __future__ import annotations

from tinykernel import TinyKernel


class TinyCalls(TinyKernel):
    """Clocks, sleep, identities and uname are in Python; calls on descriptors are the host's."""

    own_files = False
