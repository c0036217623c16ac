"""pykcov env: versions, the symbol store, and what works on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
from typing import Any

import pykcov
from pykcov.cli.parser import add_store, store_of
from pykcov.device.area import Area
from pykcov.errors import PykcovError
from pykcov.instrumentation.cache.cache import Cache, bound, folder_of
from pykcov.probe import _core
from pykcov.symbols.store import CAPACITY, SymbolStore


def add_to(verbs: Any, name: str) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        name,
        help="show versions, the symbol store, and what works here",
        description="Prints versions, the symbol store, and what does and doesn't work on this "
        "machine.",
    )
    add_store(parser)


def _store(store: SymbolStore) -> str:
    try:
        files = store.files()
    except PykcovError as error:
        return f"{store.path}: {error}"
    texts = sum(symbols.has_blocks for symbols in files.values())
    given = sum(len(symbols.spans) for symbols in files.values())
    end = max((first + len(symbols.spans) for first, symbols in files.items()), default=0)
    return (
        f"{store.path}: {texts} files, {given} of {CAPACITY} PCs given out; they fit in a bitmap "
        f"of {max(-(-end // 64), 1)} words"
    )


def _cache(store: SymbolStore) -> str:
    try:
        cache = Cache.of(store) if store.path.exists() else None
        if cache is not None:
            trouble = cache.trouble
            if not trouble and not os.access(cache.folder, os.W_OK):
                trouble = "it can't be written"
            if trouble:
                return f"no, {cache.folder}: {trouble}"
        entries, size = (0, 0) if cache is None else cache.contents()
    except (PykcovError, OSError) as error:
        return f"no: {error}"
    return f"{folder_of(store)}: {entries} entries, {size} bytes of {bound()}"


def _area() -> str:
    try:
        area = Area()
        area.allocate(512)
        area.close()
    except OSError as error:
        return f"no: {error}"
    return "yes, sealed memfd"


def _limit(number: int) -> str:
    return "unlimited" if number == resource.RLIM_INFINITY else str(number)


def _gil() -> str:
    enabled = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "on" if enabled else "off: pykcov does not support free threading"


def _guests() -> str:
    from pykcov.guest import run
    from pykcov.kernel import Kernel

    try:
        run(Kernel(), ["true"])
    except PykcovError as error:
        return f"no: {error}"
    return "yes, seccomp user notification"


def main(args: argparse.Namespace) -> int:
    """Print the description."""
    rows = {
        "pykcov": pykcov.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}, "
        f"{sys.executable}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}, "
        f"{' '.join(platform.libc_ver()) or 'unknown libc'}",
        "probe core": _core.__file__,
        "GIL": _gil(),
        "symbol store": _store(store_of(args)),
        "cache": _cache(store_of(args)),
        "areas": _area(),
        "guests": _guests(),
        "open files": _limit(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        "address space": _limit(resource.getrlimit(resource.RLIMIT_AS)[0]),
    }
    for name, value in rows.items():
        print(f"{name + ':':<15}{value}")
    return 0
