"""Compiles the C files of bench/native, and loads those that are extensions."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
SOURCES = Path(__file__).with_name("native")
BUILT = ROOT / "build" / f"bench-{sys.implementation.cache_tag}"


def build(name: str, *flags: str) -> Path:
    """Compile native/`name`.c, unless that was done since it was changed; return the result."""
    source, out = SOURCES / f"{name}.c", BUILT / name
    if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
        BUILT.mkdir(parents=True, exist_ok=True)
        unfinished = out.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O3", *flags, str(source), "-o", str(unfinished)], check=True)
        unfinished.replace(out)
    return out


def extension(name: str) -> ModuleType:
    """Compile native/`name`.c as an extension module, and load it."""
    out = build(name, "-shared", "-fPIC", f"-I{sysconfig.get_path('include')}")
    loader = ExtensionFileLoader(name, str(out))
    spec = importlib.util.spec_from_file_location(name, out, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
