"""Instruments code passed to exec() and eval(), from files that importlib does not execute.

A loader with its own exec_module ends, like importlib's, in exec(code, module.__dict__): pytest's,
which rewrites asserts; one that decrypts; a subclass of importlib.abc.SourceLoader. So do runpy,
and programs that compile a file themselves. They have nothing else in common, and no list of them
would be complete. csrc/executing.c makes the two functions call this module, without replacing
them.

Any source can be compiled under any file's name. So code is instrumented only if it is what the
compiler makes from the file, or if the loader of that file's module executes it: a loader may
change code, but its line numbers are assumed to be the file's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pykcov import forks
from pykcov.errors import own_bug
from pykcov.instrumentation.left_out import is_spec
from pykcov.instrumentation.pipeline import Texts
from pykcov.instrumentation.selection import OWN, Selection, absolute
from pykcov.probe import hook_executing


class Module(NamedTuple):
    """The module whose code is about to be executed. path: the code's file.

    name: the module's name, if it belongs to that file. loader: the module's loader, if it loads
    the module from that file.
    """

    path: str
    name: str | None
    loader: Any


def module_of(code: CodeType, names: dict[str, Any]) -> Module:
    """Return what the code's globals say about its module. Runs none of the program's code."""
    path = absolute(code.co_filename)
    spec, name = dict.get(names, "__spec__"), dict.get(names, "__name__")
    if is_spec(spec) and _is(spec.origin, path):
        return Module(path, spec.name, spec.loader)
    owned = isinstance(name, str) and _is(dict.get(names, "__file__"), path)
    return Module(path, name if owned else None, None)


def _is(file: object, path: str) -> bool:
    return isinstance(file, str) and absolute(file) == path


class Executed:
    """Instruments code that `selection` selects, using `texts`."""

    def __init__(self, selection: Selection, texts: Texts) -> None:
        self.selection, self.texts = selection, texts
        # The results, by co_filename, kept as long as the code exists: a program may execute the
        # same code object again and again.
        self._answers: dict[str, WeakKeyDictionary[CodeType, CodeType | None]] = {}

    def __call__(self, code: CodeType, names: dict[str, Any]) -> CodeType | None:
        """Return what to execute instead, or None to leave it."""
        module = module_of(code, names)
        if not self.selection.matches(module.name, module.path):
            return None
        answers = self._answers.setdefault(code.co_filename, WeakKeyDictionary())
        if code not in answers:
            answers[code] = self.answer(code, module)
        return answers[code]

    def answer(self, code: CodeType, module: Module) -> CodeType | None:
        """Return selected code with probes, or None to leave it."""
        try:
            source = _source(code.co_filename, module)
        except OSError as error:
            if module.loader is not None:
                self.texts.leave_out(module.path, f"its source can't be read: {error}")
            return None  # otherwise there is no such file
        return self.texts.rewrite_loaded(code, module.path, source, module.loader is not None)


def _source(filename: str, module: Module) -> bytes:
    if (get_data := getattr(module.loader, "get_data", None)) is not None:
        try:
            data = get_data(filename)
        except Exception as error:
            raise OSError(error) from None
        if isinstance(data, bytes):
            return data
    return Path(module.path).read_bytes()


Asked = Callable[[CodeType, dict[str, Any]], CodeType | None]
_asked: list[Asked] = []


_passed: CodeType | None = None


def pass_by(code: CodeType) -> None:
    """Note that importlib is about to execute `code`, which import_hook.py has handled already."""
    global _passed
    _passed = code


def ask(code: CodeType, names: dict[str, Any]) -> CodeType:
    """Return the code to execute instead of a module's code in these globals: with probes, if it is
    selected."""
    global _passed
    passed, _passed = _passed, None
    if passed is code:
        return code
    try:
        forks.notice()
        for asked in _asked:
            if (new := asked(code, names)) is not None:
                return new
    except Exception:
        own_bug("instrument-failed", f"cannot instrument {code.co_filename}")
    except BaseException as error:  # a signal handler's
        error.__traceback__ = _foreign(error.__traceback__)
        raise
    return code


def _foreign(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(OWN):
        traceback = traceback.tb_next
    return traceback


def add(asked: Asked) -> None:
    """Call it whenever a module's code is executed."""
    _asked.append(asked)
    hook_executing(ask)


def remove(asked: Asked) -> None:
    """Stop calling it."""
    _asked.remove(asked)
    if not _asked:
        hook_executing(None)
