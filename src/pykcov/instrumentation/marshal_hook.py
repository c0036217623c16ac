"""marshal of instrumented code.

marshal can't write a probe. Where it fails for that, the code objects are written as they were
before they were instrumented. What marshal can write it writes by itself, at no cost.
"""

from __future__ import annotations

import marshal
from types import CodeType
from typing import Any

from pykcov.probe import hook_marshal, original

_plain_dump, _plain_dumps = marshal.dump, marshal.dumps


def _stripped(value: Any) -> Any:
    """A copy of `value` with the original code objects in it."""
    if isinstance(value, CodeType):
        return original(value)
    if type(value) in (tuple, list, set, frozenset):
        return type(value)(_stripped(item) for item in value)
    if type(value) is dict:
        return {_stripped(key): _stripped(item) for key, item in value.items()}
    return value


_dumps, _dump = hook_marshal(_plain_dumps, _plain_dump, _stripped)


def install() -> None:
    """Put the two functions into marshal."""
    marshal.dump, marshal.dumps = _dump, _dumps


def uninstall() -> None:
    """Take them out, unless somebody else has put theirs over them."""
    if marshal.dumps is _dumps:
        marshal.dump, marshal.dumps = _plain_dump, _plain_dumps
