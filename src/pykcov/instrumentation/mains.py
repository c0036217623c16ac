"""Scripts of a Python that was started by itself: neither importlib nor exec() executes them."""

from __future__ import annotations

import contextlib
import os
import sys
from types import CodeType
from typing import Any

from pykcov.instrumentation.executing import ask
from pykcov.instrumentation.select import absolute
from pykcov.probe import quiet


def is_pykcov() -> bool:
    """Is it pykcov's own command line? It shows and counts what it runs itself, if anything."""
    words = sys.orig_argv[1:]
    module = words[words.index("-m") + 1 :][:1] if "-m" in words else words[:1]
    return bool(module) and os.path.basename(module[0]) == "pykcov"  # noqa: PTH119


def instrument_script() -> None:
    """Instrument the script that this Python is about to run: `python prog.py`.

    The interpreter compiles and executes it in C. Between the two is the audit event `exec`, at
    which we execute the code with probes in its place, and end the program as it would have ended.
    Other events find a hook that returns at once. With -i the interpreter goes on behind the
    script, so that is left alone.
    """
    name = sys.argv[0] if sys.argv else ""
    if name in ("", "-", "-c", "-m") or sys.flags.inspect or os.environ.get("PYTHONINSPECT"):
        return
    path = absolute(name)
    waiting = True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal waiting
        if not waiting or event != "exec" or type(args[0]) is not CodeType:
            return
        with quiet:
            (code,) = args
            main = sys.modules.get("__main__")
            if code.co_name != "<module>" or absolute(code.co_filename) != path or main is None:
                return
            waiting = False
            new = ask(code, vars(main))
            if new is code:
                return
        try:
            exec(new, vars(main))
        except BaseException as error:
            # Without this frame. A bare `raise` does not add it again.
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            if isinstance(error, KeyboardInterrupt):
                _end_by_sigint()
            raise
        raise SystemExit

    sys.addaudithook(hook)


def _end_by_sigint() -> None:
    """Have the interpreter end itself by SIGINT, as after a KeyboardInterrupt that nobody caught:
    it notes one only that leaves code which it has compiled from a text itself."""
    with contextlib.suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")
