"""Runs in processes of their own: forked ones, all starting from the same state."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from typing import Any


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
            with open(writing, "wb") as out:  # noqa: PTH123  a descriptor is no path
                pickle.dump(_outcome(work), out)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb") as answer:  # noqa: PTH123
        data = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0 or not data:
        raise ChildError(f"a child ended with {status}")
    result, error = pickle.loads(data)
    if error is not None:
        raise ChildError(error)
    return result


def _outcome(work: Callable[[], Any]) -> tuple[Any, str | None]:
    gc.collect()
    gc.disable()
    with open(os.devnull, "r+") as null:  # noqa: PTH123
        sys.stdin = sys.stdout = sys.stderr = null
        try:
            return work(), None
        except BaseException:
            return None, traceback.format_exc()
