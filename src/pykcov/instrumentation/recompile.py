"""Compiles a source file as the program's own import did, without side effects."""

from __future__ import annotations
import __future__

import warnings
from types import CodeType
from typing import Any

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag
_IGNORE: list[Any] = [
    ("ignore", None, kind, None, 0) for kind in (SyntaxWarning, DeprecationWarning)
]


def compiled(source: bytes, filename: str, optimize: int, flags: int = 0) -> CodeType:
    """Return the code of a module. Raises SyntaxError and ValueError. Suppresses warnings: the
    program got them when it compiled the file, and an "error" filter would make this fail.

    flags: co_flags with the `from __future__` features to compile with.
    """
    before = warnings.filters
    # Not catch_warnings(), which makes modules forget which warnings they have issued.
    setattr(warnings, "filters", [*_IGNORE, *before])  # noqa: B010 - typeshed says read-only
    try:
        code: CodeType = compile(
            source, filename, "exec", flags & _FUTURE, dont_inherit=True, optimize=optimize
        )
        return code
    finally:
        setattr(warnings, "filters", before)  # noqa: B010


def is_compiled_from(code: CodeType, source: bytes, optimize: int) -> bool:
    """Is it what the compiler makes from this source?"""
    try:
        return code == compiled(source, code.co_filename, optimize, code.co_flags)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
