"""original(): the code that the compiler made."""

from __future__ import annotations

from types import CodeType, FunctionType, MethodType
from typing import cast

from pykcov.probe import original as _original


def original(what: CodeType | FunctionType | MethodType) -> CodeType:
    """Return the code object that a function, method or code object had without probes.

    Where it has none, its code object as it is. Its attributes tell the same; this one runs without
    probes, too. What the program has replaced in the code since (a name, flags) stays replaced.
    Raises TypeError for anything else.
    """
    function = what.__func__ if isinstance(what, MethodType) else what
    code = function.__code__ if isinstance(function, FunctionType) else function
    return _original(cast(CodeType, code))  # which looks
