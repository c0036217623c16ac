"""The code objects of a process: whose they are, and probes in them replaced by cheaper things."""

from __future__ import annotations

import dis
import gc
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from bench import native_code
from pykcov.instrumentation.bytecode import placement, rewrite
from pykcov.instrumentation.bytecode.blocks import Span, nested
from pykcov.instrumentation.bytecode.codec import decode
from pykcov.instrumentation.bytecode.opcodes import LOAD_CONST
from pykcov.probe import Probe, running, set_code

NOP = bytes((dis.opmap["NOP"], 0))


def functions() -> Iterator[FunctionType]:
    """Every function in the process."""
    return (item for item in gc.get_objects() if type(item) is FunctionType)


def below(paths: Sequence[str]) -> list[CodeType]:
    """Code objects of the files, and of those in the folders."""
    found: dict[int, CodeType] = {}
    for function in functions():
        if function.__code__.co_filename.startswith(tuple(paths)):
            found |= {id(code): code for code in nested(function.__code__)}
    return list(found.values())


def at_heads(_code: CodeType, spans: Sequence[Span], *_more: object) -> list[placement.Spot]:
    """Return what find_spots() would, if each probe were three instructions at its block's head."""
    return [placement.Spot(n, span.offset) for n, span in enumerate(spans)]


def probes_at_heads() -> None:
    """Have code that is instrumented from now on get its probes there."""
    vars(rewrite)["find_spots"] = at_heads


def with_nops(code: CodeType) -> CodeType:
    """Return `code` with NOPs over its probes' three instructions."""
    runs = running(code)
    raw, instructions = bytearray(runs.co_code), decode(runs)
    for n, i in enumerate(instructions):
        if i.op == LOAD_CONST and type(runs.co_consts[i.arg]) is Probe:
            end = instructions[n + 2].end
            raw[2 * i.start : 2 * end] = NOP * (end - i.start)
    return runs.replace(co_code=bytes(raw))


@cache
def _empty() -> Any:
    """One is enough: it knows nothing of its block."""
    return native_code.extension("empty").EmptyProbe()


def with_empty(code: CodeType) -> CodeType:
    """Return `code` with constants that do nothing in the place of probes."""
    runs = running(code)
    consts = tuple(_empty() if type(const) is Probe else const for const in runs.co_consts)
    return runs.replace(co_consts=consts)


CHANGES: dict[str, Callable[[CodeType], CodeType]] = {"nops": with_nops, "empty": with_empty}
_changed: dict[int, tuple[CodeType, CodeType]] = {}  # the old one kept, or its id might come again


def replace_probes(into: str) -> None:
    """Replace the probes in all functions of the process. into: of CHANGES."""
    for function in functions():
        new = _replaced(function.__code__, CHANGES[into])
        if new is not function.__code__:
            set_code(function, new)


def _replaced(code: CodeType, change: Callable[[CodeType], CodeType]) -> CodeType:
    if id(code) in _changed:
        return _changed[id(code)][1]
    runs = running(code)
    consts = tuple(
        _replaced(const, change) if isinstance(const, CodeType) else const
        for const in runs.co_consts
    )
    probed = any(type(const) is Probe for const in consts)
    same = all(one is other for one, other in zip(consts, runs.co_consts, strict=True))
    if not probed and same:
        return code
    new = change(runs.replace(co_consts=consts)) if probed else code.replace(co_consts=consts)
    _changed[id(code)] = (code, new)
    _changed[id(new)] = (new, new)
    return new
