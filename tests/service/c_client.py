"""clients/c, compiled, and its functions."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.service.talking import ROOT

CLIENTS = ROOT / "clients" / "c"
WRAPPERS = Path(__file__).with_name("c_client.c")
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{CLIENTS}")


def compiled(name: str, *arguments: object) -> None:
    compiler = shutil.which(name)
    if compiler is None:
        pytest.skip(f"no {name}: a compiler is needed")
    done = subprocess.run(
        [compiler, *STRICT, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def library_of(folder: Path, *arguments: str) -> ctypes.CDLL:
    """The header's functions."""
    path = folder / "client.so"
    compiled("cc", "-std=c99", "-shared", "-fPIC", *arguments, "-o", path, WRAPPERS)
    library = ctypes.CDLL(str(path), use_errno=True)
    word, words = ctypes.c_uint64, ctypes.POINTER(ctypes.c_uint64)
    library.c_ioctl.argtypes = [ctypes.c_int, ctypes.c_uint32, word, word]
    library.c_remote_enable.argtypes = [ctypes.c_int, ctypes.c_uint32, words, ctypes.c_size_t, word]
    library.c_remote_compare.argtypes = [ctypes.c_int, ctypes.c_uint32, words, word]
    library.c_mmap.argtypes = [ctypes.c_int, word]
    library.c_mmap.restype = words
    library.c_live.restype = ctypes.c_int64
    library.c_count.argtypes = [words, word]
    library.c_handle.argtypes = library.c_bit.argtypes = [word]
    for name in ("c_handle", "c_handle_of_string", "c_handle_of", "c_count", "c_bit", "c_number"):
        getattr(library, name).restype = word
    return library
