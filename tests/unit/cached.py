"""What tests of the cache share: code compared field by field, imports told apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any
from unittest import mock

from pykcov.instrumentation import pipeline
from pykcov.instrumentation.unit import Unit
from pykcov.probe import Comparison, Instead, Probe, origin, running

FIELDS = tuple(
    name
    for name in dir(CodeType)
    if name.startswith("co_") and name not in ("co_consts", "co_lines", "co_positions", "co_lnotab")
    and name != "co_branches"
)  # fmt: skip


def fields(code: CodeType) -> list[Any]:
    """All that a code object is, probes and comparisons by PC."""
    consts: list[Any] = []
    runs = running(code)
    for const in runs.co_consts:
        if isinstance(const, CodeType):
            consts.append(fields(const))
        elif isinstance(const, Probe):
            consts.append(("probe", const.pc, const.index))
        elif isinstance(const, Instead):
            consts.append(("instead", const.pc, const.index, const.constant, repr(-const)))
        elif isinstance(const, Comparison):
            operand = (type(const.constant), repr(const.constant))
            consts.append(("comparison", const.pc, const.kind, const.side, operand))
        else:
            consts.append((type(const), repr(const)))
    if (made := origin(code)) is not None:
        consts.append(("origin", made.owner is not None, made.layout, fields(made.code)))
    return [(name, getattr(runs, name)) for name in FIELDS] + [
        list(runs.co_positions()),
        list(runs.co_lines()),
        consts,
    ]


@contextmanager
def counting_rewrites() -> Iterator[list[str]]:
    """Note the path of each text that is rewritten, and not taken from the cache."""
    seen: list[str] = []

    def noted(path: str, *args: Any, **kwargs: Any) -> Unit:
        seen.append(path)
        return Unit(path, *args, **kwargs)

    with mock.patch.object(pipeline, "Unit", noted):
        yield seen
