"""Which workloads a test takes."""

from __future__ import annotations

import os
from collections.abc import Collection

import pytest
from _pytest.mark import ParameterSet
from tests.live.uses import USES
from tests.live.uses.cpython import SUBJECTS, is_installed

SOAK = bool(os.environ.get("PYKCOV_SOAK"))
NOT_INSTALLED = "this Python was installed without this one of its own tests (the package `test`)"


def sample(share: int = 1, without: Collection[str] = ()) -> list[ParameterSet]:
    """Return the names of the workloads as parameters, but not those of subjects in `without`.

    share: where one takes long, only each of so many, but in `make soak`.
    """
    names = [name for name, use in USES.items() if use.subject not in without]
    missing = {name for name in SUBJECTS if not is_installed(name)}
    skip = pytest.mark.skip(reason=NOT_INSTALLED)
    return [
        pytest.param(name, marks=skip if name in missing else ())
        for name in names[:: 1 if SOAK else share]
    ]
