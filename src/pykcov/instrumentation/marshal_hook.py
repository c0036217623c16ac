"""Lets marshal write instrumented code.

marshal can't write probes. If it fails because of that, the original code objects are written
instead. Everything else marshal writes itself, at no cost.
"""

from __future__ import annotations

import marshal
from types import CodeType
from typing import Any

from pykcov.probe import hook_marshal, original

_plain_dump, _plain_dumps = marshal.dump, marshal.dumps


def _stripped(value: Any) -> Any:
    """Return a copy of `value` with the original code objects."""
    if isinstance(value, CodeType):
        return original(value)
    if type(value) in (tuple, list, set, frozenset):
        return type(value)(_stripped(item) for item in value)
    if type(value) is dict:
        return {_stripped(key): _stripped(item) for key, item in value.items()}
    return value


_dumps, _dump = hook_marshal(_plain_dumps, _plain_dump, _stripped)


def install() -> None:
    """Replace marshal's two functions."""
    marshal.dump, marshal.dumps = _dump, _dumps


def uninstall() -> None:
    """Restore marshal's functions, unless somebody else has replaced ours."""
    if marshal.dumps is _dumps:
        marshal.dump, marshal.dumps = _plain_dump, _plain_dumps
