"""What libraries keep by the identity of a code object goes along when a function gets another.

A function whose __code__ is replaced in place is another one to whoever remembers code objects by
identity. Nothing tells who does; these are known. Code that is instrumented as it is imported has
one identity from the start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from types import CodeType
from typing import Any


def carry(pairs: Iterable[tuple[CodeType, CodeType]]) -> None:
    """Tell known libraries of each code object and of the one that stands in for it."""
    if (protected := _trio()) is None:
        return
    for old, new in pairs:
        with suppress(KeyError):
            protected[new] = protected[old]


def _trio() -> Any:
    """Functions during which trio holds Ctrl-C back (0.27 and later)."""
    module: Any = sys.modules.get("trio._core._ki")
    return getattr(module, "_CODE_KI_PROTECTION_STATUS_WMAP", None)
