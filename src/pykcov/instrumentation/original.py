"""original(): the code that the compiler made."""

from __future__ import annotations

from types import CodeType, FunctionType, MethodType
from typing import cast

from pykcov.probe import original as _original


def original(what: CodeType | FunctionType | MethodType) -> CodeType:
    """Return the code object of a function, method or code object, without probes.

    Its attributes equal those of the instrumented code object, but it runs without probes. If there
    are no probes, returns the code object as it is. Changes that the program made with
    code.replace() (a name, flags) are kept.
    Raises TypeError for anything else.
    """
    function = what.__func__ if isinstance(what, MethodType) else what
    code = function.__code__ if isinstance(function, FunctionType) else function
    return _original(cast(CodeType, code))  # checks the type
