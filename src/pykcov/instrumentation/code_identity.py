"""Updates what libraries keep by the identity of a code object when a function gets a new one.

To a library that remembers code objects by identity, a function whose __code__ is replaced is
another function. There is no way to find such libraries; the ones here are known. Code instrumented
on import has the same identity from the start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from types import CodeType
from typing import Any


def carry(pairs: Iterable[tuple[CodeType, CodeType]]) -> None:
    """Update known libraries with pairs of old and new code objects."""
    if (protected := _trio()) is None:
        return
    for old, new in pairs:
        with suppress(KeyError):
            protected[new] = protected[old]


def _trio() -> Any:
    """Functions during which trio holds Ctrl-C back (0.27 and later)."""
    module: Any = sys.modules.get("trio._core._ki")
    return getattr(module, "_CODE_KI_PROTECTION_STATUS_WMAP", None)
