"""What tests of the cache share: code compared field by field, imports told apart."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from unittest import mock

from tests.unit.packages import Package
from tests.unit.rewritten import inner

import pykcov
from pykcov.instrumentation import pipeline
from pykcov.instrumentation.cache.cache import folder_of
from pykcov.instrumentation.unit import Unit, probes_of
from pykcov.probe import Comparison, Instead, Probe, origin, running
from pykcov.symbols.blocks import number_of
from pykcov.symbols.store import SymbolStore

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


def imported(
    package: Package, store: SymbolStore, name: str = "m", **options: Any
) -> tuple[ModuleType, list[str]]:
    """Import a module anew, with probes; return it, and what had to be rewritten for it."""
    package.forget()
    gc.collect()  # the functions of the module that was there before: they would get probes, too
    with counting_rewrites() as seen:
        handle = pykcov.instrument(source=[package.name], store=store, **options)
        try:
            module = package.load(name)
        finally:
            _keep.append(handle)
    return module, sorted({path for path in seen if not path.endswith("__init__.py")})


_keep: list[pykcov.Instrumentation] = []


def undo() -> None:
    _keep.pop().undo()


def entries(store: SymbolStore) -> list[Path]:
    return sorted(folder_of(store).glob("*.code"))


def found_probes(code: CodeType, store: SymbolStore) -> list[Probe]:
    """Probes of the blocks of a module's code, by block."""
    constants = [c for each in inner(code) for c in running(each).co_consts]
    pcs = sorted({c.pc for c in constants if isinstance(c, Probe | Instead)})
    return probes_of(store, number_of(pcs[0]), len(pcs))
