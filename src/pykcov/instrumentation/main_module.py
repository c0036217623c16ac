"""Main modules: the script of a directly started Python, which neither importlib nor exec()
executes; and how the end of a main module ends the process."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Callable
from types import CodeType, TracebackType
from typing import Any, NoReturn

from pykcov.instrumentation.exec_hook import ask
from pykcov.instrumentation.selection import OWN, absolute
from pykcov.probe import Ending, Unseen, last_hook, print_uncaught, quiet, run_main


def is_pykcov() -> bool:
    """Is this pykcov's own command line? It takes care of the program that it runs itself."""
    words = sys.orig_argv[1:]
    module = words[words.index("-m") + 1 :][:1] if "-m" in words else words[:1]
    return bool(module) and os.path.basename(module[0]) == "pykcov"  # noqa: PTH119


def run_to_end(
    run: Callable[[], object],
    finish: Callable[[], bool],
    passing: tuple[type[BaseException], ...] = (),
) -> NoReturn:
    """Call run(), which calls run_main(), and then finish(). If that returns False, an exit status
    of 0 becomes 1.

    Raises the exception that the interpreter should exit with, such as SystemExit or
    KeyboardInterrupt; exceptions of run() listed in `passing` are raised unchanged.
    """
    end: BaseException = SystemExit(0)
    uncaught: list[BaseException] = []
    try:
        run()
    except passing:
        raise
    except SystemExit as error:
        end = error
    except BaseException as error:
        uncaught.append(_without_ours(error))
        end = error if isinstance(error, KeyboardInterrupt) else SystemExit(1)
    if uncaught:
        at_exit = Unseen(finish)
        atexit.register(at_exit)  # sys.excepthook may end the process
        print_uncaught(uncaught)
        atexit.unregister(at_exit)
    try:
        saved = finish()
    except SystemExit as error:  # there was something to complain of
        end = error
    else:
        if not saved and isinstance(end, SystemExit) and not end.code:
            end = SystemExit(1)
    if isinstance(end, SystemExit):
        raise Ending(end)
    sys.excepthook = last_hook(sys.excepthook)
    raise end


def _without_ours(error: BaseException) -> BaseException:
    """Return the exception without pykcov's frames."""
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(OWN):
        traceback = traceback.tb_next
    return error.with_traceback(traceback)


def instrument_script() -> None:
    """Instrument the script that this Python is about to run: `python prog.py`.

    The interpreter compiles and executes it in C. In between it raises the audit event `exec`, at
    which we execute the code with probes instead, and then end the program as it would have ended.
    The interpreter doesn't trace audit hooks without `__cantrace__`. Once the script runs, the hook
    no longer has it, and returns at once. With -i the interpreter continues after the script, so
    this does nothing.
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
            del vars(hook)["__cantrace__"]
            new = ask(code, vars(main))
            if new is code:
                return
        try:
            run_to_end(lambda: run_main(new, vars(main)), lambda: True)
        except KeyboardInterrupt:
            _end_by_sigint()
            raise

    vars(hook)["__cantrace__"] = True
    sys.addaudithook(hook)


def _end_by_sigint() -> None:
    """Have the interpreter end itself by SIGINT, as after a KeyboardInterrupt that nobody caught:
    it notes one only that leaves code which it has compiled from a text itself."""
    with contextlib.suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")
