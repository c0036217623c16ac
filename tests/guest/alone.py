"""Program: the traces of kernels/counting.py's methods, each called by itself. Prints them."""

from __future__ import annotations

import sys
from pathlib import Path

import pykcov
from pykcov.cli.guest import load

COUNTING = Path(__file__).parent / "kernels" / "counting.py"


class Stub:
    """A task as far as the methods look at it."""

    pid = 1


def main() -> None:
    with pykcov.instrument([], [str(COUNTING)]):
        kernel = load(COUNTING)
        calls = {"getpid": ("getpid",), "getppid": ("getppid",)} | {
            f"work{n}": ("getpriority", 0, n) for n in [*range(8), *(k * k for k in range(17))]
        }
        for name, (method, *args) in calls.items():
            bound = getattr(kernel, str(method))
            with pykcov.trace() as t:
                bound(Stub(), *args)
            sys.stdout.write(" ".join([name, *map("{:x}".format, t.pcs)]) + "\n")


if __name__ == "__main__":
    main()
