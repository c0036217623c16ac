"""Finds functions that are imported already, to replace their __code__.

The garbage collector finds every function object, whatever holds it: modules, classes, closures,
decorators, properties. Running frames, and existing generators and coroutines, keep their old code;
they are counted.

This handles all kinds of objects of the program without running any of its code. So it uses type()
instead of isinstance(), which reads __class__ from a proxy or a mock, and reads attributes of
modules from their dicts, bypassing __getattribute__, which would load a lazy module.
"""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    ModuleType,
)
from typing import Any, cast

_FRAMES = (FrameType, GeneratorType, CoroutineType, AsyncGeneratorType)
# 3.12 starts with some hundred objects frozen; a bare interpreter that froze has some thousand.
_FROZEN_AT_START = 2000
_SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def attributes(module: ModuleType) -> dict[str, Any]:
    """Return the module's dict, whatever its class does with attributes."""
    return cast("dict[str, Any]", object.__getattribute__(module, "__dict__"))


def modules() -> list[tuple[str, type[ModuleType], dict[str, Any]]]:
    """Return key, type and dict of each module in sys.modules, into which anything may be put."""
    found = [(key, type(module), module) for key, module in list(sys.modules.items())]
    return [(key, kind, attributes(m)) for key, kind, m in found if issubclass(kind, ModuleType)]


def _tracked() -> Iterator[Any]:
    """Return all objects that the garbage collector tracks.

    gc.freeze() hides objects from gc.get_objects(), and a service that calls it before it forks
    hides all its code. In that case this walks everything reachable from modules.
    """
    yield from gc.get_objects()
    if gc.get_freeze_count() > _FROZEN_AT_START:
        yield from _reachable(sys.modules)


def _reachable(root: object) -> list[Any]:
    """Return what `root` leads to, but not through frames: one of them is ours, and on its stack
    lies what this walk has just made."""
    found: dict[int, Any] = {}
    queue: list[Any] = [root]
    while queue:
        item = queue.pop()
        if id(item) not in found and type(item) not in _FRAMES and item is not found:
            found[id(item)] = item
            # Not get_referents of a module: _asyncio of 3.12 shows objects of its free list then,
            # and frees them a second time.
            is_module = issubclass(type(item), ModuleType)
            inner = [attributes(item)] if is_module else gc.get_referents(item)
            queue.extend(filter(gc.is_tracked, inner))
    return list(found.values())


def functions() -> list[FunctionType]:
    """Return every Python function in the process."""
    found = {id(item): item for item in _tracked() if type(item) is FunctionType}
    return list(found.values())


def changed(
    functions: list[FunctionType], rewriters: Sequence[Callable[[CodeType], CodeType | None]]
) -> list[tuple[FunctionType, CodeType]]:
    """Return the functions that one of the rewriters knows, with the code that it gives them."""
    found = []
    for function in functions:
        for rewriter in rewriters:
            if (new := rewriter(function.__code__)) is not None:
                found.append((function, new))
                break
    return found


def _suspended(item: Any) -> CodeType | None:
    kind = type(item)
    if kind is GeneratorType and item.gi_frame is not None:
        return cast(CodeType, item.gi_code)
    if kind is CoroutineType and item.cr_frame is not None:
        return cast(CodeType, item.cr_code)
    if kind is AsyncGeneratorType and item.ag_frame is not None:
        return cast(CodeType, item.ag_code)
    return None


def count_running(wanted: Callable[[CodeType], bool]) -> int:
    """Return the number of frames, generators and coroutines running code that is `wanted`."""
    count = sum(wanted(code) for item in _tracked() if (code := _suspended(item)))
    for top in sys._current_frames().values():
        frame: FrameType | None = top
        while frame is not None:
            # The frame of a running generator was counted with the generator.
            if not frame.f_code.co_flags & _SUSPENDABLE:
                count += wanted(frame.f_code)
            frame = frame.f_back
    return count


def modules_by_filename() -> dict[str, dict[str, Any]]:
    """Return the dicts of imported modules by the co_filename that their code has."""
    found: dict[str, dict[str, Any]] = {}
    for name, module in list(sys.modules.items()):
        if not issubclass(type(module), ModuleType):  # anything may be put into sys.modules
            continue
        names = attributes(module)
        spec, file = names.get("__spec__"), names.get("__file__")
        if type(spec) is ModuleSpec and spec.origin == "frozen":
            found[f"<frozen {spec.name}>"] = names
            state = spec.loader_state
            found[f"<frozen {getattr(state, 'origname', None) or name}>"] = names
        elif isinstance(file, str):
            found.setdefault(file, names)
    return found
