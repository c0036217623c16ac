"""How many of pykcov's files each walk enters: `python -m bench.walks [-v]`. -v lists them.

A move is a call or return from one file into another. What pykcov does by itself is unseen by
profilers, so for an import its hooks are called here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pykcov
from pykcov.abi.kcov import KCOV_DISABLE, KCOV_ENABLE, KCOV_INIT_TRACE, KCOV_REMOTE_ENABLE
from pykcov.device.remote_arg import RemoteArg
from pykcov.instrumentation import import_hook
from pykcov.symbols.store import SymbolStore

ROOT = f"{Path(pykcov.__file__).parent}{os.sep}"
APP = "def f(x):\n    if x:\n        return 1\n    return 2\n"


def entered(call: Callable[[], object]) -> list[str]:
    """Return the files that call() enters, one behind the other."""
    found: list[str] = []

    def note(frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_filename.startswith(ROOT):
            name = frame.f_code.co_filename.removeprefix(ROOT).removesuffix(".py")
            if not found or found[-1] != name:
                found.append(name)

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            note(frame)
        elif event == "return" and frame.f_code.co_filename.startswith(ROOT):
            note(frame.f_back)

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return found


def show(name: str, call: Callable[[], object]) -> None:
    """Print one walk."""
    found = entered(call)
    print(f"{name:24} {len(found):5} moves, {len(set(found)):3} files")
    if "-v" in sys.argv and len(found) < 200:
        print("   ", " ".join(found))


def imported(name: str) -> None:
    """Do what importlib has the hooks do for a module that the cache has."""
    spec: Any = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    code = import_hook._cached(spec.loader, module)
    if code is None:
        raise RuntimeError("the cache does not have it")
    import_hook._imported(spec.loader, module, code)


def main() -> None:
    """Print all walks."""
    folder = Path(tempfile.mkdtemp())
    (folder / "app.py").write_text(APP)
    (folder / "other.py").write_text(APP)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = False
    f = importlib.import_module("app").f
    store = SymbolStore(folder / "symbols.sqlite")
    made: list[pykcov.Instrumentation] = []

    def instrument() -> None:
        made.append(pykcov.instrument(include=[f"{folder}/*"], store=store))

    show("instrument(), cold", instrument)
    for _ in range(3):  # the first writes the .pyc, the second the cache
        importlib.import_module("other")
        del sys.modules["other"]
    import_hook._is_watched = lambda: False  # by the profiler
    show("an import", lambda: imported("other"))
    t = pykcov.trace()
    show("trace(): enter", t.__enter__)
    f(1)
    show("trace(): exit", lambda: t.__exit__(None, None, None))
    with pykcov.open() as descriptor:
        show("KCOV_INIT_TRACE", lambda: descriptor.ioctl(KCOV_INIT_TRACE, 512))
        show("KCOV_ENABLE", lambda: descriptor.ioctl(KCOV_ENABLE))
        show("KCOV_DISABLE", lambda: descriptor.ioctl(KCOV_DISABLE))

    def section() -> None:
        with pykcov.remote(7):
            f(1)

    with pykcov.open() as descriptor:
        descriptor.ioctl(KCOV_INIT_TRACE, 512)
        arg = RemoteArg(0, 512, 0, (pykcov.handle_of(7),))
        descriptor.ioctl(KCOV_REMOTE_ENABLE, arg.encode())
        section()
        show("a request's section", section)
    for handle in made:
        handle.undo()


if __name__ == "__main__":
    main()
