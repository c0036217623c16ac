"""Which workloads a run takes: all in `make soak`, a sample of them otherwise."""

from __future__ import annotations

import os

from tests.live.uses import USES

EVERY = 3
SOAK = bool(os.environ.get("PYKCOV_SOAK"))


def sample(share: int = 1) -> list[str]:
    """Return the names of the modules: every third, spread over the themes; over 60 of them.

    Where one takes long, a larger `share` takes fewer of these.
    """
    return list(USES)[:: 1 if SOAK else EVERY * share]
