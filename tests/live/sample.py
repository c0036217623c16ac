"""Which workloads a run takes: all in `make soak`, a sample of them otherwise."""

from __future__ import annotations

import os

from tests.live.uses import USES

EVERY = 1 if os.environ.get("PYKCOV_SOAK") else 3


def sample() -> list[str]:
    """Return the names of the modules: every third, spread over the themes; over 60 of them."""
    return list(USES)[::EVERY]
