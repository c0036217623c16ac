"""Python's side of native.c, and of libc's fork: what tests do behind the interpreter's back."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from tests.commands import compiler

CALLBACK = ctypes.CFUNCTYPE(None)


@functools.cache
def library() -> ctypes.CDLL:
    """Compile native.c, once."""
    folder = Path(tempfile.mkdtemp(prefix="pykcov-native-"))
    made = folder / "native.so"
    source = Path(__file__).with_name("native.c")
    command = [compiler(), "-O2", "-shared", "-fPIC", "-pthread", "-o", str(made), str(source)]
    subprocess.run(command, check=True)
    lib = ctypes.CDLL(str(made))
    shutil.rmtree(folder)
    words, size = ctypes.c_void_p, ctypes.c_uint64
    lib.on_thread.argtypes = [CALLBACK, ctypes.c_int]
    lib.scribble.argtypes = [words, size, ctypes.c_uint64, ctypes.POINTER(ctypes.c_int)]
    lib.scribbler_start.argtypes = [words, size, ctypes.c_uint64]
    lib.scribbler_start.restype = ctypes.c_void_p
    lib.scribbler_stop.argtypes = [ctypes.c_void_p]
    lib.map_guarded.argtypes = [ctypes.c_int, ctypes.c_size_t]
    lib.map_guarded.restype = ctypes.c_void_p
    lib.unmap_guarded.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return lib


def on_c_thread(call: Callable[[], object], times: int = 1) -> None:
    """Call `call` so often on one new thread that C made; returns when the thread has ended.

    Each call has a thread state of its own. What it raises is raised here.
    """
    raised: list[BaseException] = []

    def guarded() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    assert library().on_thread(CALLBACK(guarded), times) == 0
    if raised:
        raise raised[0]


def keep_thread_state() -> None:
    """On a thread of C: never give its thread state back."""
    ctypes.pythonapi.PyGILState_Ensure()


def fork_in_c(keep_gil: bool) -> int:
    """fork() as a C library does it: no at-fork handler of Python's runs."""
    libc = ctypes.PyDLL(None) if keep_gil else ctypes.CDLL(None)
    return int(libc.fork())


def exchange(one: Path, other: Path) -> None:
    """Two names in the current directory change places, at once."""
    here, both = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    ctypes.CDLL(None).renameat2(here, bytes(one), here, bytes(other), both)


def module_slots(module: ModuleType) -> dict[int, int | None]:
    """Return the slots that an extension module was defined with."""

    class Slot(ctypes.Structure):
        _fields_ = (("slot", ctypes.c_int), ("value", ctypes.c_void_p))

    class ModuleDef(ctypes.Structure):  # PyModuleDef, up to m_slots
        _fields_ = (
            ("base", ctypes.c_char * (object.__basicsize__ + 3 * ctypes.sizeof(ctypes.c_void_p))),
            ("name", ctypes.c_char_p),
            ("doc", ctypes.c_char_p),
            ("size", ctypes.c_ssize_t),
            ("methods", ctypes.c_void_p),
            ("slots", ctypes.POINTER(Slot)),
        )

    get_def = ctypes.pythonapi.PyModule_GetDef
    get_def.argtypes, get_def.restype = [ctypes.py_object], ctypes.POINTER(ModuleDef)
    slots = get_def(module).contents.slots
    found: dict[int, int | None] = {}
    while slots[len(found)].slot:
        found[slots[len(found)].slot] = slots[len(found)].value
    return found


@contextmanager
def scribbling_thread(words: int, size: int, seed: int) -> Iterator[None]:
    """Store random words into `size` words at address `words`, from a thread without the GIL."""
    started = library().scribbler_start(words, size, seed)
    assert started
    try:
        yield
    finally:
        library().scribbler_stop(started)


def scribble_for_ever(fd: int, size: int, seed: int) -> None:
    """Store random words into an area, from this process; ends with it."""
    words = library().map_guarded(fd, size * 8)
    library().scribble(words, size, seed, ctypes.byref(ctypes.c_int(0)))


class GuardedArea:
    """A buffer of an area's words with a forbidden page on either side."""

    def __init__(self, fd: int, size: int) -> None:
        self.address = library().map_guarded(fd, size * 8)
        assert self.address
        self.size = size
        self.words = (ctypes.c_uint64 * size).from_address(self.address)

    def close(self) -> None:
        """Unmap it. Nobody may use `words` any more."""
        library().unmap_guarded(self.address, self.size * 8)


def values_in_c(
    expressions: dict[str, str], headers: tuple[str, ...], folder: Path
) -> dict[str, int]:
    """Compile and run a program that prints the expressions."""
    cc = compiler()
    for header in headers:
        probe = subprocess.run(
            [cc, "-E", "-x", "c", "-"],
            input=f"#include <{header}>\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if probe.returncode != 0:
            pytest.skip(f"this machine has no <{header}>")
    lines = [f"#include <{header}>" for header in ("limits.h", "stdio.h", *headers)]
    lines.append("int main(void) {")
    for name, expression in expressions.items():
        lines.append(f'printf("{name} %llu\\n", (unsigned long long)({expression}));')
    lines.append("return 0; }")
    source, made = folder / "values.c", folder / "values"
    source.write_text("\n".join(lines))
    subprocess.run([cc, "-o", str(made), str(source)], check=True)
    printed = subprocess.run([str(made)], check=True, capture_output=True, text=True).stdout
    return {name: int(value) for name, value in (line.split() for line in printed.splitlines())}
