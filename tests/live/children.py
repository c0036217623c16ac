"""Runs in processes of their own: forked ones, all starting from the same state."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pykcov


class ChildError(Exception):
    """What a child raised, as text."""


def forked(work: Callable[[], Any]) -> Any:
    """Return what `work` returns in a forked child, where it sees no collection and no stdin."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            gc.collect()
            gc.disable()
            sys.stdin = sys.stdout = sys.stderr = Path(os.devnull).open("r+")  # noqa: SIM115
            with os.fdopen(writing, "wb") as out:
                pickle.dump(_outcome(work), out)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        data = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0 or not data:
        raise ChildError(f"a child ended with {status}")
    result, error = pickle.loads(data)
    if error is not None:
        raise ChildError(error)
    return result


def warm_up() -> None:
    """Have pykcov import and cache what it does, so that all children start from the same state."""
    pykcov.errors.raise_own_bugs = True
    with pykcov.instrument(source=[__name__]) as handle, pykcov.trace() as t:
        _outcome(bool)
    assert pykcov.symbolize(t.pcs, handle.store)


def _outcome(work: Callable[[], Any]) -> tuple[Any, str | None]:
    try:
        return work(), None
    except BaseException:
        return None, traceback.format_exc()
