"""tinykernel with pipes of its own."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "examples"))

from tinykernel import TinyKernel


class Pipes(TinyKernel):
    """Every pipe of a guest's is in Python."""

    own_pipes = True
