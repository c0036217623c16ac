"""kcov for Python programs: which basic blocks did this thread, request or system call execute?

import pykcov

with pykcov.instrument(source=["tomllib"]):
    import tomllib
    with pykcov.trace() as t:
        tomllib.loads("answer = 42")
    print([hex(pc) for pc in t.pcs], t.blocks[0])

PYTEST_DONT_REWRITE: pytest rewrites every module of a distribution that has a plugin, and warns if
one is imported already; with "filterwarnings = error" that warning would end the run.
"""

from pykcov.errors import PykcovError, PykcovWarning

__version__ = "0.2.0"

__all__ = [
    "Block",
    "Comparison",
    "Descriptor",
    "Device",
    "Instrumentation",
    "PykcovError",
    "PykcovWarning",
    "SymbolStore",
    "carried",
    "common_handle",
    "connect",
    "current_handle",
    "follow",
    "handle_of",
    "instrument",
    "open",
    "original",
    "remote",
    "remote_start",
    "remote_stop",
    "serve",
    "signed",
    "symbolize",
    "trace",
]

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pykcov.service.client import Device, connect
    from pykcov.service.serve import serve
    from pykcov.service.signing import signed

from pykcov.device.descriptor import Descriptor, open  # noqa: A004
from pykcov.device.inherit import common_handle
from pykcov.instrumentation.original import original
from pykcov.instrumentation.session import Instrumentation, instrument
from pykcov.propagation import carried, follow
from pykcov.reader.comparisons import Comparison
from pykcov.reader.symbolize import symbolize
from pykcov.request_marks import current_handle, handle_of, remote, remote_start, remote_stop
from pykcov.symbols.blocks import Block
from pykcov.symbols.store import SymbolStore
from pykcov.tracing import trace


def __getattr__(name: str) -> Any:
    """Import on first use what most programs don't need."""
    if name in ("connect", "Device"):
        from pykcov.service import client

        return getattr(client, name)
    if name == "serve":
        from pykcov.service.serve import serve

        return serve
    if name == "signed":
        from pykcov.service.signing import signed

        return signed
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
