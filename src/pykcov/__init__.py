"""kcov for Python programs: which basic blocks did this thread, request or system call execute.

import pykcov

with pykcov.instrument(source=["tomllib"]):
    import tomllib
    with pykcov.trace() as t:
        tomllib.loads("answer = 42")
    print([hex(pc) for pc in t.pcs], t.blocks[0])
"""

from pykcov.errors import PykcovError

__version__ = "0.1.0"

__all__ = [
    "Block",
    "Descriptor",
    "Instrumentation",
    "PykcovError",
    "SymbolStore",
    "handle_of",
    "instrument",
    "open",
    "remote",
    "remote_start",
    "remote_stop",
    "symbolize",
    "trace",
]

from pykcov.device.descriptor import Descriptor, open  # noqa: A004
from pykcov.instrumentation.session import Instrumentation, instrument
from pykcov.reader.symbolize import symbolize
from pykcov.remoting import handle_of, remote, remote_start, remote_stop
from pykcov.store import SymbolStore
from pykcov.symbols import Block
from pykcov.tracing import trace
